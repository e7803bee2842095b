#include <stdio.h>
#include <stdlib.h>

struct till {
    int *rates;
};

static int rate(const struct till *t, int currency)
{
    return t->rates[currency];
}

static int settle(const struct till *t, int price, int currency)
{
    return price * rate(t, currency);
}

int main(int argc, char **argv)
{
    (void)argv;
    struct till t = {malloc(4 * sizeof(int))};
    printf("%d\n", settle(&t, 2, argc + 3));
    free(t.rates);
    return 0;
}

// expect AddressSanitizer: heap-buffer-overflow | * | main:22 > settle:15 > rate:10

#include <stdio.h>
#include <stdlib.h>

static void close_till(int *till)
{
    free(till);
}

int main(void)
{
    int *till = malloc(16);
    close_till(till);
    printf("%d\n", till[1]);
    return 0;
}

// expect AddressSanitizer: heap-use-after-free | * | main:13

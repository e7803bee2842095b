#include <limits.h>
#include <stdio.h>

static int sum(int price, int count)
{
    return price * count;
}

int main(int argc, char **argv)
{
    (void)argv;
    printf("%d\n", sum(INT_MAX, argc + 1));
    return 0;
}

// expect - | signed integer overflow: 2147483647 * 2 cannot be represented in type 'int' | main:12 > sum:6

<?php
function half(int $n): int
{
    return intdiv($n, 0);
}

half(4);

// expect DivisionByZeroError | Division by zero | {main}:7 > half:4 > intdiv:4

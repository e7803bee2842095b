<?php
function take(array $stock, string $name): int
{
    return $stock[$name] ?? null;
}

function order(): void
{
    take(["nut" => 1], "bolt");
}

order();

// expect TypeError | * | {main}:12 > order:9 > take:4

<?php
class Till
{
    function rate(string $currency): int
    {
        throw new OutOfBoundsException("no rate for $currency");
    }

    static function settle(array $order): array
    {
        $till = new Till();
        return array_map(fn($price) => $price * $till->rate($order["currency"]), $order["lines"]);
    }
}

function main(): void
{
    Till::settle(["lines" => [2, 3], "currency" => "GBP"]);
}

main();

// expect OutOfBoundsException | no rate for GBP | {main}:21 > main:18 > Till::settle:12 > Till::{closure}:12 > Till->rate:6

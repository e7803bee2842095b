<?php
namespace Shop;

class Refused extends \RuntimeException
{
}

function charge(int $amount): void
{
    throw new \LogicException("no line to the bank");
}

function pay(int $amount): void
{
    try {
        charge($amount);
    } catch (\LogicException $e) {
        throw new Refused("the bank does not answer\nafter 3 tries", 7, $e);
    }
}

pay(10);

// expect LogicException | no line to the bank | {main}:22 > Shop\pay:16 > Shop\charge:10
// expect Shop\Refused | the bank does not answer\nafter 3 tries | {main}:22 > Shop\pay:18

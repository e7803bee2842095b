import json


class Till:
    rates = {"EUR": 1}

    def rate(self, currency):
        return self.rates[currency]

    def settle(self, order):
        return sum(price * self.rate(order["currency"]) for price in order["lines"])


def main():
    json.loads('{"lines": [2, 3], "currency": "GBP"}', object_hook=Till().settle)


main()

# expect KeyError | 'GBP' | <module>:18 > main:15 > settle:11 > <genexpr>:11 > rate:8

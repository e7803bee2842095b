class Till
  RATES = { "EUR" => 1 }.freeze

  def rate(currency)
    RATES.fetch(currency)
  end

  def settle(order)
    order[:lines].map { |price| price * rate(order[:currency]) }
  end
end

def main
  Till.new.settle({ lines: [2, 3], currency: "GBP" })
end

main

# expect KeyError | key not found: "GBP" | <main>:17 > main:14 > settle:9 > map:9 > block in settle:9 > rate:5 > fetch:5

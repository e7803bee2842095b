local Till = {rates = {EUR = {factor = 1}}}

function Till.rate(currency)
  local rate = Till.rates[currency]
  return rate.factor * 1
end

function Till.settle(order)
  local sum = 0
  for _, price in ipairs(order.lines) do
    sum = sum + price * Till.rate(order.currency)
  end
  return sum
end

local function main()
  local sum = Till.settle({lines = {2, 3}, currency = "GBP"})
  print(sum)
end

main()
print("never here")

-- expect runtime error | attempt to index a nil value (local 'rate') | main chunk:21 > main:17 > settle:11 > rate:5

module Shop
  class Refused < StandardError
  end
end

def charge(_amount)
  raise ArgumentError, "no line to the bank"
end

def pay(amount)
  charge(amount)
rescue ArgumentError
  raise Shop::Refused, "the bank does not answer\nafter 3 tries"
end

pay(10)

# The interpreter shows the source of a cause below its message since 3.3.
# expect ArgumentError | no line to the bank* | <main>:16 > pay:11 > charge:7
# expect Shop::Refused | the bank does not answer\nafter 3 tries | <main>:16 > pay:10 > rescue in pay:13

class Stock
  def initialize
    @items = nil
  end

  def take(name)
    @items.fetch(name)
  end
end

[:bolt].each do |name|
  Stock.new.take(name)
end

# expect NoMethodError | * | <main>:11 > each:11 > block in <main>:12 > take:7

package main

type till struct {
	rates map[string]*rate
}

type rate struct {
	factor int
}

//go:noinline
func (t *till) rate(currency string) int {
	return t.rates[currency].factor
}

func (t *till) settle(lines []int, currency string) int {
	sum := 0
	each(lines, func(price int) { sum += price * t.rate(currency) })
	return sum
}

//go:noinline
func each(lines []int, do func(int)) {
	for _, price := range lines {
		do(price)
	}
}

func main() {
	defer watch()
	t := &till{rates: map[string]*rate{"EUR": {factor: 1}}}
	println(t.settle([]int{2, 3}, "GBP"))
}

// expect - | runtime error: invalid memory address or nil pointer dereference | main:32 > (*till).settle:18 > each:25 > (*till).settle.func1:18 > (*till).rate:13

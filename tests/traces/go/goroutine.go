package main

import "sync"

type stock struct {
	items map[string]int
}

//go:noinline
func (s *stock) put(name string) {
	s.items[name] = 1
}

func main() {
	var s stock
	var wait sync.WaitGroup
	wait.Add(1)
	go func() {
		defer wait.Done()
		defer watch()
		s.put("bolt")
	}()
	wait.Wait()
}

// expect - | assignment to entry in nil map | main.func1:21 > (*stock).put:11

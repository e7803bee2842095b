package main

import (
	"errors"
	"fmt"
)

//go:noinline
func charge() error {
	return errors.New("no line to the bank")
}

//go:noinline
func pay() {
	if err := charge(); err != nil {
		panic(fmt.Errorf("the bank does not answer: %w", err))
	}
}

func main() {
	defer watch()
	pay()
}

// expect - | the bank does not answer: no line to the bank | main:22 > pay:16

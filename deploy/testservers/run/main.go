// Command run starts a server of the tests on loopback, prints its address, and
// stops it with an interrupt: `go run ./deploy/testservers/run apachekafka`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"rongtong/deploy/testservers/apachekafka"
)

func main() {
	if len(os.Args) != 2 || os.Args[1] != "apachekafka" {
		fmt.Fprintln(os.Stderr, "usage: go run ./deploy/testservers/run apachekafka")
		os.Exit(2)
	}
	ctx, end := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer end()
	b, stop, err := apachekafka.Run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer stop()
	fmt.Println(b.Plain)
	<-ctx.Done()
}

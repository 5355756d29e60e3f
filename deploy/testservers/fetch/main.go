// Command fetch gets the servers that the tests run against onto this machine,
// with progress: what is there already is left alone.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"rongtong/deploy/embedded"
	"rongtong/deploy/testservers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var all error
	for _, s := range []struct {
		name   string
		ensure func(context.Context, embedded.Progress) (string, error)
	}{
		{"PostgreSQL", testservers.EnsurePostgres},
		{"MariaDB", testservers.EnsureMariaDB},
		{"OpenSSH", testservers.EnsureSSH},
		{"ProFTPD", testservers.EnsureFTP},
	} {
		said := ""
		path, err := s.ensure(ctx, func(done, total int64, what string) {
			if total > 0 {
				what = fmt.Sprintf("%s: %d of %d MB", what, done>>20, total>>20)
			}
			if what != said {
				fmt.Println(what)
			}
			said = what
		})
		if err != nil {
			all = errors.Join(all, err)
			continue
		}
		fmt.Printf("%s for the tests is at %s\n", s.name, path)
	}
	if all != nil {
		fmt.Fprintln(os.Stderr, all)
		os.Exit(1)
	}
}

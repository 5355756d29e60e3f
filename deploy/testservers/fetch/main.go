// Command fetch gets the servers that the tests run against onto this machine,
// with progress: what is there already is left alone. "fetch apachekafka" gets
// what `make test-kafka` needs instead: Apache Kafka, Java for it, and kcat.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"rongtong/deploy/embedded"
	"rongtong/deploy/testservers"
	"rongtong/deploy/testservers/apachekafka"
)

type server struct {
	name   string
	ensure func(context.Context, embedded.Progress) (string, error)
}

func program(name, program, pkg string) server {
	return server{name, func(ctx context.Context, progress embedded.Progress) (string, error) {
		return testservers.EnsureProgram(ctx, program, pkg, progress)
	}}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var all error
	list := []server{
		{"PostgreSQL", testservers.EnsurePostgres},
		{"MariaDB", testservers.EnsureMariaDB},
		{"OpenSSH", testservers.EnsureSSH},
		{"ProFTPD", testservers.EnsureFTP},
	}
	if len(os.Args) > 1 && os.Args[1] == "apachekafka" {
		list = []server{
			program("Java", "java", "openjdk-17-jre-headless"),
			program("Maven", "mvn", "maven"),
			program("kcat", "kcat", "kcat"),
			{"Apache Kafka " + apachekafka.Version, func(ctx context.Context, progress embedded.Progress) (string, error) {
				progress(0, 0, "fetching Apache Kafka "+apachekafka.Version+" with Maven, unless it is in the cache")
				return apachekafka.Fetch(ctx)
			}},
		}
	}
	for _, s := range list {
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

// Package embedded runs a Kafka broker and a ClickHouse server on one machine,
// without an installation: both are child processes of this program's own
// binary. The rest of the product knows the two addresses that Start returns
// and cannot tell them from a cluster.
//
//	e, err := embedded.Start(ctx, embedded.Options{Data: "/var/lib/rongtong"})
//	defer e.Stop()
//	// e.Kafka     127.0.0.1:19092
//	// e.Warehouse http://admin:${file:/var/lib/rongtong/warehouse/admin.password}@127.0.0.1:18123
//
// # The broker
//
// The broker is franz-go's, which was made for tests; RunBroker puts a lock, a
// guard and a janitor around it, so that the ways in which it was measured
// to lose data cannot be taken. What remains and cannot be fixed from outside:
// a producer's retry across a crash of the broker is not recognised as a
// repetition (transactions and load names catch it further on), and after a
// crash the retained log is read into memory once. BrokerConfig.RetainBytes
// bounds that.
//
// # The warehouse
//
// The server is the real one, loaded as a library that EnsureEngine fetches
// through the user's own npm and checks against pinned digests. Users are
// "admin", "analyst" (reads ads, dwd and ops as far as
// docs/disclosure.md says, nothing else) and a "default" that
// can only start the listeners; passwords are made at the first start and lie
// beside the data, readable by the owner alone. Everything listens on loopback.
//
// # Processes
//
// A Supervisor restarts children that die and stops them in reverse order. A
// child holds the read end of a pipe whose other end only its parent has, so
// nothing is left running when the parent is killed (see package lifeline). The data
// folder holds:
//
//	broker/     broker.lock, log/
//	warehouse/  warehouse.lock, *.password, *.xml, store/
//	logs/       broker.log, warehouse.log
package embedded

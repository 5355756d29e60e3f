//go:build apachekafka

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/deploy/testservers/apachekafka"
)

// TestApacheSecuredStatus is what a person types against a secured Apache Kafka:
// with the right settings it goes on to the topics, and each wrong one is told
// from the others.
func TestApacheSecuredStatus(t *testing.T) {
	b, warehouse := apachekafka.Start(t), embeddedtest.Warehouse(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	user := []string{"--kafka-user", apachekafka.Superuser, "--kafka-password", "env:RIGHT"}
	ca := []string{"--kafka-tls-ca", b.Certs.CA}
	for _, tt := range []struct {
		name    string
		address string
		args    [][]string
		want    string
	}{
		{"scram", b.SASL, [][]string{user}, "does not exist"}, // it is in; nobody made the topics
		{"plain over TLS", b.SASLTLS, [][]string{user, ca, {"--kafka-sasl", "plain"}}, "does not exist"},
		{"client certificate", b.MutualTLS, [][]string{ca, {"--kafka-tls-cert", b.Certs.ClientCert, "--kafka-tls-key", b.Certs.ClientKey}}, "grant the user"},
		{"wrong password", b.SASL, [][]string{user, {"--kafka-password", "env:WRONG"}}, "check the SASL mechanism, the user and the password"},
		{"no user", b.SASL, nil, "wants authentication"},
		{"no TLS", b.SASLTLS, [][]string{user}, "speaks TLS"},
		{"unknown authority", b.SASLTLS, [][]string{user, {"--kafka-tls"}}, "unknown authority"},
		{"no client certificate", b.MutualTLS, [][]string{ca}, "wants a client certificate"},
		{"no rights", b.SASL, [][]string{user, {"--kafka-user", apachekafka.Guest}}, "grant the user"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"status", "--kafka", tt.address, "--warehouse", warehouse}
			for _, a := range tt.args {
				args = append(args, a...)
			}
			cmd := exec.Command(self, args...)
			cmd.Env = append(os.Environ(), "RONGTONG_SCRIPT=1", "RIGHT="+apachekafka.Password, "WRONG=wrong-4T")
			out, _ := cmd.CombinedOutput()
			if !strings.Contains(string(out), tt.want) || strings.Contains(string(out), apachekafka.Password) || strings.Contains(string(out), "wrong-4T") {
				t.Errorf("%q: %s", args, out)
			}
		})
	}
}

package main

import (
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"rongtong/pipelines/topics"
)

// kafkaFlags are where Kafka is and how it is reached. Every verb that talks to
// Kafka has them.
type kafkaFlags struct {
	brokers  string
	security topics.Security
}

func (k *kafkaFlags) register(f *pflag.FlagSet) {
	s := &k.security
	f.StringVar(&k.brokers, "kafka", os.Getenv("RONGTONG_KAFKA"), "broker addresses, host:port[,host:port] ($RONGTONG_KAFKA)")
	encrypt, _ := strconv.ParseBool(os.Getenv("RONGTONG_KAFKA_TLS"))
	f.BoolVar(&s.TLS, "kafka-tls", encrypt, "encrypt the connections to Kafka; implied by the next two ($RONGTONG_KAFKA_TLS)")
	f.StringVar(&s.CA, "kafka-tls-ca", os.Getenv("RONGTONG_KAFKA_TLS_CA"), "PEM file of the authorities to trust, instead of the system's ($RONGTONG_KAFKA_TLS_CA)")
	f.StringVar(&s.Cert, "kafka-tls-cert", os.Getenv("RONGTONG_KAFKA_TLS_CERT"), "PEM file of the client's own certificate ($RONGTONG_KAFKA_TLS_CERT)")
	f.StringVar(&s.Key, "kafka-tls-key", os.Getenv("RONGTONG_KAFKA_TLS_KEY"), "PEM file of its key ($RONGTONG_KAFKA_TLS_KEY)")
	f.StringVar(&s.Mechanism, "kafka-sasl", os.Getenv("RONGTONG_KAFKA_SASL"),
		"how Kafka authenticates the user: "+strings.Join(topics.Mechanisms, ", ")+"; the last is the default ($RONGTONG_KAFKA_SASL)")
	f.StringVar(&s.User, "kafka-user", os.Getenv("RONGTONG_KAFKA_USER"), "user of Kafka ($RONGTONG_KAFKA_USER)")
	f.StringVar(&s.Password, "kafka-password", passwordReference("RONGTONG_KAFKA_PASSWORD"),
		"where the user's password is, never the password itself: env:NAME, file:/path or command:program ($RONGTONG_KAFKA_PASSWORD, which may also hold the password)")
}

// passwordReference leaves a password where it is, in the environment.
func passwordReference(name string) string {
	v, ok := os.LookupEnv(name)
	switch {
	case !ok || v == "":
		return ""
	case topics.IsPasswordReference(v):
		return v
	}
	return "${env:" + name + "}"
}

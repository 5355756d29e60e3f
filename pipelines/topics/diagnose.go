package topics

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"

	"rongtong/schemas/fault"
)

// diagnose explains why Dial failed. A broker only hangs up, or says nothing,
// about TLS or authentication that is missing or wrong, so it is asked once more
// in the other way.
func (c *Client) diagnose(ctx context.Context, err error) error {
	where := strings.Join(c.brokers, ", ")
	config := func(hint, what string) error {
		return fault.Hint(fault.Config, hint, "connecting to Kafka at %s: the broker %s", where, what)
	}
	switch {
	case errors.Is(err, kafka.IllegalSASLState) && c.opts.sasl != nil:
		return config("leave the user out, or use the port on which the broker authenticates", "takes no authentication there")
	case errors.Is(err, kafka.UnsupportedSASLMechanism) && c.opts.sasl != nil:
		return config("choose another of "+strings.Join(Mechanisms, ", "), "does not know the SASL mechanism "+c.opts.sasl.Name())
	case alerted(err) && len(c.opts.tls.Certificates) == 0:
		return config("give a client certificate and its key", "wants a client certificate")
	case alerted(err):
		return config("check who signed the client certificate and until when it is valid", "refused the TLS handshake: "+plain(err).Error())
	}
	if v, _ := judge(err); v == grant {
		return explain(err, "connecting to Kafka at %s", where)
	}
	if !refused(err) {
		ctx, cancel := context.WithTimeout(ctx, 2*c.opts.dialLimit)
		defer cancel()
		d := net.Dialer{Timeout: c.opts.dialLimit}
		plain := c.greets(ctx, d, nil)
		switch {
		case plain && c.opts.tls != nil:
			return config("switch TLS off, or use the broker's TLS port", "does not speak TLS")
		case !plain && c.opts.tls == nil && c.speaksTLS(ctx, d):
			return config("switch TLS on", "speaks TLS")
		case !plain && c.opts.tls == nil, c.opts.tls != nil && !c.greets(ctx, d, c.opts.tls):
			// It does not answer at all.
		case hungUp(err) && c.opts.sasl != nil:
			return config("check the SASL mechanism, the user and the password", "refused the credentials")
		case hungUp(err):
			return config("configure a user and a password", "wants authentication")
		}
	}
	return fault.Hint(fault.Transient, "is the broker running, and is this its address?",
		"connecting to Kafka at %s: %w", where, tidy(err))
}

// refused reports whether not even a connection came about.
func refused(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// alerted reports whether the broker ended a TLS handshake with an alert: it
// did not like what we showed, or that we showed nothing.
func alerted(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// speaksTLS sends a greeting and nothing else: the certificate does not matter.
func (c *Client) speaksTLS(ctx context.Context, d net.Dialer) bool {
	td := tls.Dialer{NetDialer: &d, Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // nothing is sent
	nc, err := td.DialContext(ctx, "tcp", c.brokers[0])
	if err != nil {
		return false
	}
	nc.Close()
	return true
}

// greets reports whether the broker answers what it answers to anybody.
func (c *Client) greets(ctx context.Context, d net.Dialer, cfg *tls.Config) bool {
	nc, err := d.DialContext(ctx, "tcp", c.brokers[0])
	if err != nil {
		return false
	}
	defer nc.Close()
	// A broker that expects the other protocol may stay silent.
	nc.SetDeadline(time.Now().Add(c.opts.dialLimit / 2))
	if cfg != nil {
		cfg = cfg.Clone()
		if cfg.ServerName == "" {
			cfg.ServerName, _, _ = net.SplitHostPort(c.brokers[0])
		}
		nc = tls.Client(nc, cfg)
	}
	_, err = protocol.NewConn(nc, c.opts.clientID).RoundTrip(new(apiversions.Request))
	return err == nil
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
)

func notifyCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "notifications by webhook: DingTalk, WeCom, Feishu, or JSON",
		Long: "Notifications are declared in a file (--notify or RONGTONG_NOTIFY) and sent by one of the processes that run\n" +
			"the schedule role: when something begins, again while it lasts, and when it is over. See docs/observability.md.",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: "check the file of notifications", Args: noArgs,
			Example: "  rongtong notify check --notify notify.yaml",
			RunE: func(cmd *cobra.Command, _ []string) error {
				cfg, err := c.options().Notifications()
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "no problems: %d channels\n", len(cfg.Channels))
				return nil
			},
		},
		&cobra.Command{
			Use: "test CHANNEL", Short: "send a test message to a channel",
			Example: "  rongtong notify test duty --notify notify.yaml",
			Args:    exactly(1, "test takes one channel of the file"),
			RunE: func(cmd *cobra.Command, args []string) error {
				if err := control.TestNotification(cmd.Context(), c.options(), args[0]); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s took the message\n", args[0])
				return nil
			},
		},
	)
	return cmd
}

package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"rongtong/cmd/top"
	"rongtong/pipelines/control"
)

func topCmd(c *common) *cobra.Command {
	o := top.Options{Every: 2 * time.Second}
	var once, plain bool
	cmd := &cobra.Command{
		Use:   "top",
		Short: "watch the pipeline live: every tier, stream, job and problem",
		Long: "top shows how fast each tier flows and how far it is behind, which jobs run, and what is wrong with what to do\n" +
			"about it. Keys: q quit, s sort, t tier, / filter, p pause, l language, ? help. Where there is no terminal it prints\n" +
			"a frame every --every.",
		Example: `  rongtong top
  rongtong top --lang en --every 5s
  rongtong top --once --width 160      # one frame, for a message or a log`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Lang != "zh" && o.Lang != "en" {
				return &usageError{fmt.Errorf("--lang is zh or en, not %q", o.Lang)}
			}
			if o.Every < 200*time.Millisecond {
				return &usageError{fmt.Errorf("--every is at least 200ms")}
			}
			if c.json {
				return &usageError{fmt.Errorf("top is for people: rongtong status, lag and runs print --json")}
			}
			o.In, o.Out = os.Stdin, cmd.OutOrStdout()
			live := !once && !plain && term.IsTerminal(int(os.Stdout.Fd())) && term.IsTerminal(int(os.Stdin.Fd()))
			if !live {
				o.Width, o.Height = size(o.Width, o.Height)
			}
			options := c.options()
			if live { // a log line would tear the screen; what goes wrong is on it
				options.Log = slog.New(slog.DiscardHandler)
			}
			m, err := control.NewMonitor(cmd.Context(), options)
			if err != nil {
				return err
			}
			defer m.Close()
			switch {
			case once:
				return top.Once(cmd.Context(), m, o)
			case !live:
				return top.Plain(cmd.Context(), m, o)
			}
			return top.Run(cmd.Context(), m, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&once, "once", false, "print one frame and end")
	f.BoolVar(&plain, "plain", false, "print frames instead of drawing on the terminal")
	f.DurationVar(&o.Every, "every", o.Every, "between two looks")
	f.StringVar(&o.Lang, "lang", language(), "zh or en ($LANG)")
	f.IntVar(&o.Width, "width", 0, "cells of a printed frame; 0: the terminal's, or 120")
	f.IntVar(&o.Height, "height", 0, "lines of a printed frame; 0: the terminal's, or 40")
	return cmd
}

// language is the person's, as the environment says.
func language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return "zh"
			}
			break
		}
	}
	return "en"
}

// size is a frame's: as given, else the terminal's, else one that fits a log.
func size(width, height int) (int, int) {
	w, h, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil || w <= 0 || h <= 0 {
		w, h = 120, 40
	}
	if width > 0 {
		w = width
	}
	if height > 0 {
		h = height
	}
	return max(w, 60), max(h, 16)
}

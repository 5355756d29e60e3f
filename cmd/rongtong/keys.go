package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
)

func keysCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "the keys of pseudonyms and of the landing area",
		Long: "Natural persons appear only as keyed pseudonyms (HMAC-SM3). Each purpose has a key of its own, in versions;\n" +
			"the landing area is encrypted with SM4. The keys lie in one file that only its owner may read; --keys says\n" +
			"where: /path, env:NAME, or command:program for a key store. Nothing prints a secret.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(keysNewCmd(c), keysListCmd(c), keysRotateCmd(c), keysRekeyCmd(c))
	return cmd
}

func keysNewCmd(c *common) *cobra.Command {
	var file string
	var purposes []string
	cmd := &cobra.Command{
		Use:   "new",
		Short: "make a key file, or add the keys of a new purpose to one",
		Long:  "new makes version 1 of the pseudonym key of every purpose given, and of the landing key. Keys that are there\nalready stay as they are: to change them, rotate.",
		Example: `  rongtong keys new --file /etc/rongtong/keys.yaml --purpose cw
  rongtong keys new --file /etc/rongtong/keys.yaml --purpose cw,gr   # later: another population`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			added, err := control.NewKeys(file, purposes)
			if err != nil {
				return err
			}
			return printKeys(cmd, c, added)
		},
	}
	cmd.Flags().StringVar(&file, "file", "keys.yaml", "the key file; it is made with mode 0600")
	cmd.Flags().StringSliceVar(&purposes, "purpose", nil, "populations, as streams name them under identify:")
	return cmd
}

func keysListCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "which keys there are; the check value tells two people that they hold the same key",
		Example: `  rongtong keys list --keys /etc/rongtong/keys.yaml
  rongtong keys list --keys "command:kms-client get rongtong"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := control.Keys(c.options())
			if err != nil {
				return err
			}
			return printKeys(cmd, c, keys)
		},
	}
}

func keysRotateCmd(c *common) *cobra.Command {
	var file string
	var purposes []string
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "add a new version of keys to a key file",
		Long: "rotate adds one version of the pseudonym keys of the given purposes (all, unless some are named) and of the\n" +
			"landing key. Ingest uses it from the next records on, without a restart. The old versions stay: they are\n" +
			"needed to read the landing area. Afterwards `rongtong keys rekey` takes the old pseudonyms over.",
		Example: `  rongtong keys rotate --file /etc/rongtong/keys.yaml
  rongtong keys rotate --file /etc/rongtong/keys.yaml --purpose cw`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			added, err := control.RotateKeys(file, purposes)
			if err != nil {
				return err
			}
			return printKeys(cmd, c, added)
		},
	}
	cmd.Flags().StringVar(&file, "file", "keys.yaml", "the key file")
	cmd.Flags().StringSliceVar(&purposes, "purpose", nil, "only these populations")
	return cmd
}

func printKeys(cmd *cobra.Command, c *common, keys []control.KeyInfo) error {
	out := cmd.OutOrStdout()
	if c.json {
		return writeJSON(out, keys)
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "use\tpurpose\tversion\tcreated\tcheck\tin force")
	for _, k := range keys {
		force := ""
		if k.InForce {
			force = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", k.Use, k.Purpose, k.Version, k.Created, k.Check, force)
	}
	return w.Flush()
}

func keysRekeyCmd(c *common) *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "rekey",
		Short: "take stored pseudonyms over to the keys in force",
		Long: "rekey reads the raw numbers that streams with landing: keep, encrypted, for at most thirty days, and writes a\n" +
			"crosswalk from every old pseudonym to the new one; then it changes the stored pseudonyms by it. Raw numbers do\n" +
			"not leave the process. A pseudonym whose number is no longer kept stays under its version until the source\n" +
			"delivers the record again. Run it after `keys rotate`, and again whenever some are left behind.",
		Example: `  rongtong keys rekey --keys /etc/rongtong/keys.yaml --dry-run
  rongtong keys rekey --keys /etc/rongtong/keys.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := control.RekeyPseudonyms(cmd.Context(), c.options(), dry)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if c.json {
				return writeJSON(out, r)
			}
			fmt.Fprintf(out, "%d landed numbers of %d persons: %d old pseudonyms lead to new ones\n", r.Landed, r.Persons, r.Pseudonyms)
			for _, u := range r.Updated {
				if u.Changed > 0 {
					fmt.Fprintf(out, "%d rows changed in %s.%s\n", u.Changed, u.Table, u.Column)
				}
			}
			if r.Unreadable > 0 {
				fmt.Fprintf(out, "%d landed numbers cannot be read with these keys\n", r.Unreadable)
			}
			if r.LeftBehind > 0 {
				fmt.Fprintf(out, "%d rows keep a pseudonym of an earlier key: their numbers are no longer kept\n", r.LeftBehind)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "count, and change nothing")
	return cmd
}

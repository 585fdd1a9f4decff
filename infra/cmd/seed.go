package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"chaosworkshop/infra/lab/seed"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
)

// newSeedCommand fills a MySQL-compatible server with the flights database.
func newSeedCommand() *cobra.Command {
	var dir string
	var force, yes, asJSON bool
	command := &cobra.Command{
		Use:   "seed [DSN]",
		Short: "Fill a MySQL or MariaDB server with the flights database",
		Long: "Fill a MySQL-compatible server with the flights database, or bring it up to date: a second run writes nothing.\n\n" +
			"The DSN is user:password@tcp(host:3306)/flights, or mysql://user:password@host:3306/flights. Without one, seed uses\n" +
			"the variable DSN, which keeps the password out of the list of processes; without that, the database on MYSQL_PORT.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			// Not the port of what runs in this folder: the embedded database cannot be written.
			chosen, err := config.Chosen()
			if err != nil {
				return err
			}
			cfg, err := config.Parse[config.Infra](chosen)
			if err != nil {
				return err
			}
			if dir != "" {
				cfg.OpenFlightsDir = dir
			}
			data, err := stack.Dataset(cfg)
			if err != nil {
				return err
			}
			tables, err := seed.Run(command.Context(), seed.Options{
				DSN: seedTarget(cfg, args), Data: data, Force: force, Out: command.ErrOrStderr(),
				Confirm: func(results []seed.Result) error {
					if force || yes {
						return nil
					}
					return askRemoval(command.InOrStdin(), command.ErrOrStderr(), results)
				},
			})
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(command.OutOrStdout(), tables)
			}
			written, removed := 0, 0
			for _, table := range tables {
				written, removed = written+table.Written, removed+table.Removed
			}
			fmt.Fprintf(command.OutOrStdout(), "The flights database is complete: %d rows written, %d removed.\n", written, removed)
			return nil
		},
	}
	command.Flags().StringVar(&dir, "data", "", "a folder of OpenFlights .dat files (default: OPENFLIGHTS_DIR, or the built-in sample)")
	command.Flags().BoolVar(&force, "force", false, "also fill a database that holds other tables, leave those alone, and remove rows without asking")
	command.Flags().BoolVar(&yes, "yes", false, "remove rows that do not belong to the data without asking")
	command.Flags().BoolVar(&asJSON, "json", false, "print the rows of each table as JSON")
	return command
}

// askRemoval asks whether rows may be removed. Without a terminal there is nobody to ask, and nothing is removed.
func askRemoval(in io.Reader, out io.Writer, results []seed.Result) error {
	terminal, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return fmt.Errorf("seed would remove %s, so it changed nothing; add --yes (with make: YES=1) to remove them, or name another database", seed.Removal(results))
	}
	fmt.Fprintf(out, "This removes %s. Continue? [y/N] ", seed.Removal(results))
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// seedTarget is the DSN that the user gave, or that of the database on MYSQL_PORT.
func seedTarget(cfg config.Infra, args []string) string {
	if len(args) == 1 {
		return args[0]
	}
	if dsn := os.Getenv("DSN"); dsn != "" {
		return dsn
	}
	target := mysql.NewConfig()
	target.Net, target.Addr = "tcp", net.JoinHostPort(cfg.Bind, strconv.Itoa(cfg.MySQLPort))
	target.User, target.Passwd, target.DBName = "root", cfg.RootPassword, "flights"
	return target.FormatDSN()
}

package cmd

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/go-sql-driver/mysql"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/seed"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/model"
)

// newSeedCommand fills a MySQL-compatible server with the flights database.
func newSeedCommand() *cobra.Command {
	var dir string
	var force, asJSON bool
	command := &cobra.Command{
		Use:   "seed [DSN]",
		Short: "Fill a MySQL or MariaDB server with the flights database",
		Long: "Fill a MySQL-compatible server with the flights database, or bring it up to date: a second run writes nothing.\n\n" +
			"The DSN is user:password@tcp(host:3306)/flights, or mysql://user:password@host:3306/flights. Without one, the\n" +
			"variable DSN counts, which keeps the password out of the list of processes; without that, the database on MYSQL_PORT.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			cfg, err := config.Load[config.Infra]()
			if err != nil {
				return err
			}
			if dir == "" {
				dir = cfg.OpenFlightsDir
			}
			data, err := seedData(dir)
			if err != nil {
				return err
			}
			results, err := seed.Run(command.Context(), seed.Options{
				DSN: seedTarget(cfg, args), Data: data, Force: force, Out: command.ErrOrStderr(),
			})
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(command.OutOrStdout()).Encode(results)
			}
			written, removed := 0, 0
			for _, result := range results {
				written, removed = written+result.Written, removed+result.Removed
			}
			fmt.Fprintf(command.OutOrStdout(), "The flights database is complete: %d rows written, %d removed.\n", written, removed)
			return nil
		},
	}
	command.Flags().StringVar(&dir, "data", "", "a folder of OpenFlights .dat files (default: OPENFLIGHTS_DIR, or the built-in sample)")
	command.Flags().BoolVar(&force, "force", false, "also into a database that holds other tables, which stay as they are")
	command.Flags().BoolVar(&asJSON, "json", false, "print the rows of each table as JSON")
	return command
}

// seedData is what the folder holds, or the sample.
func seedData(dir string) (model.Dataset, error) {
	if dir == "" {
		return openflights.Sample(), nil
	}
	data, _, err := openflights.Load(stack.Folder(dir))
	return data, err
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

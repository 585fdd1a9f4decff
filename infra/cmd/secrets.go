package cmd

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"chaosworkshop/infra/room/secrets"
	"chaosworkshop/shared/config"
)

// newSecretsCommand stores the database's root password outside the workshop.
func newSecretsCommand() *cobra.Command {
	var generate, force bool
	command := &cobra.Command{
		Use:   "secrets",
		Short: "Store the database password outside the workshop",
		Long: "Store the root password of the flights database in the .env in your config directory, readable by you alone.\n" +
			"You type it without seeing it, or pipe it in. If you leave it empty, the password is random.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			path := config.UserFile()
			if _, err := os.Lstat(path); err == nil && !force {
				return fmt.Errorf("%s exists; --force replaces the password in it and keeps the rest", path)
			}
			if err := secrets.Check(path, force); err != nil {
				return err // Before anybody types a password.
			}
			password := ""
			if !generate {
				var err error
				if password, err = askPassword(command.InOrStdin(), command.ErrOrStderr()); err != nil {
					return err
				}
			}
			if password == "" {
				password = rand.Text()
				fmt.Fprintln(command.ErrOrStderr(), "Generated a random password.")
			}
			if err := secrets.Write(path, password, force); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "Stored in %s, readable by you alone. Everything that you start from now on uses it.\n", path)
			sources, err := config.Sources()
			if winner := sources["MYSQL_ROOT_PASSWORD"]; err == nil && winner != path {
				fmt.Fprintf(command.ErrOrStderr(), "But MYSQL_ROOT_PASSWORD is also set in %s, which takes precedence; remove it there.\n", winner)
			}
			return err
		},
	}
	command.Flags().BoolVar(&generate, "generate", false, "generate a random password without asking")
	command.Flags().BoolVar(&force, "force", false, "replace the password if the file exists; the rest of it stays")
	return command
}

// askPassword reads a password twice without showing it, or one line if there is no terminal. Empty means no password.
func askPassword(in io.Reader, out io.Writer) (string, error) {
	terminal, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		line, err := bufio.NewReader(in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	var answers []string
	for _, question := range []string{"New root password (empty for a random one): ", "Again: "} {
		fmt.Fprint(out, question)
		answer, err := term.ReadPassword(int(terminal.Fd()))
		fmt.Fprintln(out)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		if len(answer) == 0 && len(answers) == 0 {
			return "", nil
		}
		answers = append(answers, string(answer))
	}
	if answers[0] != answers[1] {
		return "", errors.New("the two passwords differ, and nothing was stored; try again")
	}
	return answers[0], nil
}

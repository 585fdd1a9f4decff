package cmd

import (
	"bufio"
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

// newSecretsCommand writes the passwords outside the tree.
func newSecretsCommand() *cobra.Command {
	var generate, force bool
	command := &cobra.Command{
		Use:   "secrets",
		Short: "Keep the database's root password outside the tree, never shown",
		Long: "Write the root password of the flights database to the .env in your config directory, readable by you alone.\n" +
			"It asks without showing what you type; without an answer, or without a terminal, it makes up a password.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			path := config.UserFile()
			if _, err := os.Lstat(path); err == nil && !force {
				return fmt.Errorf("%s: %w; --force replaces it", path, secrets.ErrExists)
			}
			password := ""
			if !generate {
				var err error
				if password, err = askPassword(command.InOrStdin(), command.ErrOrStderr()); err != nil {
					return err
				}
			}
			if password == "" {
				password = secrets.Generate()
				fmt.Fprintln(command.ErrOrStderr(), "A random password was made up.")
			}
			if err := secrets.Write(path, password, force); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "Written to %s, readable by you alone. What starts from now on uses it.\n", path)
			return warnOfWinner(command.ErrOrStderr(), path)
		},
	}
	command.Flags().BoolVar(&generate, "generate", false, "make up a password without asking")
	command.Flags().BoolVar(&force, "force", false, "replace the file that is there")
	return command
}

// askPassword reads a password twice without showing it, or one line where there is no terminal. Empty means none.
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
	for _, question := range []string{"New root password (nothing: make one up): ", "Once more: "} {
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
		return "", errors.New("the two are not the same; nothing was written, run it again")
	}
	return answers[0], nil
}

// warnOfWinner says so where another source wins over the file at path.
func warnOfWinner(out io.Writer, path string) error {
	sources, err := config.Sources()
	if err != nil {
		return err
	}
	if winner := sources["MYSQL_ROOT_PASSWORD"]; winner != path {
		fmt.Fprintf(out, "But MYSQL_ROOT_PASSWORD is also set in %s, which wins; remove it there.\n", winner)
	}
	return nil
}

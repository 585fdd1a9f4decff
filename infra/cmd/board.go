package cmd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/page"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/room/board"
	"chaosworkshop/shared/config"
)

// boardFlags are the flags of board.
type boardFlags struct {
	bind, code, save string
	port             int
}

// newBoardCommand serves a page that shows who has passed which exercise.
func newBoardCommand() *cobra.Command {
	var flags boardFlags
	command := &cobra.Command{
		Use:   "board",
		Short: "Show the room who has passed which exercise, on a page in the browser",
		Long: "Show the room who has passed which exercise, on a page in the browser.\n\n" +
			"Attendees join if they want to, under a name of their choice: verify --report sends the name, the exercise, the verdict and the check\n" +
			"that failed first, and nothing else. Nothing is stored, unless you name a file with --save.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runBoard(command.Context(), command.OutOrStdout(), flags, command.Flags().Changed("port"))
		},
	}
	command.Flags().StringVar(&flags.bind, "bind", "", "the address to listen on; 0.0.0.0 opens the board to the room (default BIND, 127.0.0.1)")
	command.Flags().IntVar(&flags.port, "port", 8476, "the port of the board")
	command.Flags().StringVar(&flags.code, "code", "", "the code that attendees need (default: a new one)")
	command.Flags().StringVar(&flags.save, "save", "", "save the board as JSON in this file at the end")
	return command
}

// runBoard serves the board until ctx ends.
func runBoard(ctx context.Context, out io.Writer, flags boardFlags, chosen bool) error {
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return err
	}
	if flags.bind == "" {
		flags.bind = cfg.Bind
	}
	if flags.port < 0 || flags.port > 65535 {
		return cli.Usage(fmt.Errorf("%d is not a port; choose one from 1 to 65535", flags.port))
	}
	code := strings.ToLower(flags.code)
	if code == "" {
		code = strings.ToLower(rand.Text()[:5])
	}
	shown, err := board.New(code)
	if err != nil {
		return err
	}
	listener, err := port.Listen(flags.bind, flags.port)
	if err != nil && port.InUse(err) && !chosen {
		next, none := port.Next(flags.bind, flags.port, nil)
		if none != nil {
			return none
		}
		listener, err = port.Listen(flags.bind, next)
	}
	if err != nil {
		if port.InUse(err) {
			return port.Taken(flags.port, "PORT")
		}
		return port.Unusable(flags.bind, flags.port, "PORT", err)
	}
	number := listener.Addr().(*net.TCPAddr).Port
	if number != flags.port && flags.port != 0 {
		fmt.Fprintln(out, color.YellowString("port %d is taken%s; the board uses %d", flags.port, port.HeldBy(flags.port), number))
	}
	addresses := reachable(listener.Addr().(*net.TCPAddr))
	fmt.Fprintf(out, "\n%s\n\n", title("The board: who has passed what"))
	cli.Pair(out, "open", "http://"+addresses[0]+"/?code="+code)
	for _, address := range addresses {
		cli.Pair(out, "attendees", "make verify EX=2 REPORT=http://"+address+" CODE="+code+" NAME=yours")
	}
	if listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		cli.Pair(out, "note", "only this computer can reach it; make board BIND=0.0.0.0 opens it to the room")
	}
	cli.Pair(out, "Stop it", "Ctrl-C")
	err = page.Serve(ctx, listener, shown.Handler())
	if flags.save != "" {
		file, created := os.Create(flags.save)
		if created != nil {
			return errors.Join(err, fmt.Errorf("save the board: %w", created))
		}
		err = errors.Join(err, shown.Save(file), file.Close())
	}
	return err
}

// reachable are the addresses under which others reach a listener, this computer's own last.
func reachable(at *net.TCPAddr) []string {
	number := strconv.Itoa(at.Port)
	if !at.IP.IsUnspecified() {
		return []string{net.JoinHostPort(at.IP.String(), number)}
	}
	var all []string
	found, _ := net.InterfaceAddrs() // Without them, the loopback address is left.
	for _, address := range found {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
			all = append(all, net.JoinHostPort(network.IP.String(), number))
		}
	}
	if len(all) == 0 {
		all = []string{net.JoinHostPort("127.0.0.1", number)}
	}
	return all
}

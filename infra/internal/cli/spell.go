package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/spelling"
	"chaosworkshop/shared/config"
)

// hint finds a command as make spells it, with its variables.
var hint = regexp.MustCompile("\\bmake ([a-z][a-z0-9-]*)((?: [A-Z_]+=[^\\s;,)`]+)*)")

// speller is where a program writes. Hints are written as make spells them, and read as the program was started.
type speller struct {
	*os.File
	root *cobra.Command
	// program is what comes before a command's name, such as go run ./infra; empty for make.
	program string
}

// userPassword finds the password in a URL. What a user passed to a command comes back in its messages.
var userPassword = regexp.MustCompile(`(://[^/@:\s]*):[^/@\s]+@`)

// Write implements io.Writer. It hides passwords in URLs.
func (s speller) Write(text []byte) (int, error) {
	if _, err := io.WriteString(s.File, s.spell(userPassword.ReplaceAllString(string(text), "$1:***@"))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// WriteString implements io.StringWriter, which the file would implement otherwise.
func (s speller) WriteString(text string) (int, error) { return s.Write([]byte(text)) }

// spell is the text with its hints as the program was started: make chaos EX=2 is go run ./infra chaos --ex 2.
func (s speller) spell(text string) string {
	if s.program == "" {
		return text
	}
	return hint.ReplaceAllStringFunc(text, func(found string) string {
		words := strings.Fields(found)[1:]
		command, _, err := s.root.Find(words[:1])
		if err != nil || command == s.root {
			return found // Prose, such as "make sure", or a target that is not of this program.
		}
		before, line := "", []string{s.program, words[0]}
		for _, word := range words[1:] {
			variable, value, _ := strings.Cut(word, "=")
			name := strings.ReplaceAll(strings.ToLower(variable), "_", "-")
			flag := command.Flags().Lookup(name)
			switch {
			case flag == nil:
				before += set(runtime.GOOS, variable, value)
			case flag.Value.Type() == "bool":
				line = append(line, "--"+name)
			default:
				line = append(line, "--"+name, value)
			}
		}
		return before + strings.Join(line, " ")
	})
}

// set is how a command line of the system's shell begins that sets a variable for the command after it.
func set(system, variable, value string) string {
	if system == "windows" { // PowerShell's, where it stays set.
		return "$env:" + variable + "='" + value + "'; "
	}
	return variable + "=" + value + " "
}

// startedAs is what a user types before a command's name. It is empty where make started the program.
func startedAs() string {
	if os.Getenv("MAKELEVEL") != "" {
		return ""
	}
	// The go command runs what it has built in a temporary folder.
	if path, err := os.Executable(); err == nil && strings.Contains(filepath.ToSlash(path), "/go-build") {
		return "go run " + fromHere("infra")
	}
	return os.Args[0]
}

// fromHere is the path of a folder of the workshop as the go command takes it in the current folder: ./infra at the root.
func fromHere(folder string) string {
	root, err := config.Root()
	here, wrong := os.Getwd()
	if err == nil && wrong == nil {
		if path, err := filepath.Rel(here, filepath.Join(root, folder)); err == nil && strings.HasPrefix(path, "..") {
			return filepath.ToSlash(path)
		}
	}
	return "./" + folder
}

// passed finds the variables that the Makefile passes on as flags.
var passed = regexp.MustCompile(`\$\(call (?:option|flag),([A-Z_]+),([a-z-]+)\)`)

// overrides finds the names of the variables on make's command line, which it passes on after its own flags.
var overrides = regexp.MustCompile(`(?:^|[^\\]) ([A-Za-z_]+)=`)

// setting finds the names in .env.example.
var setting = regexp.MustCompile(`(?m)^# ([A-Z_]+)=`)

// misspelt is an error about a variable that make would ignore, if it is spelled almost like one that counts. makeFlags is what make
// says of its own command line, and makefile and example are the texts of Makefile and .env.example.
func misspelt(target, makeFlags, makefile, example string) error {
	_, line, _ := strings.Cut(makeFlags, "--")
	var known []string
	for _, found := range slices.Concat(passed.FindAllStringSubmatch(makefile, -1), setting.FindAllStringSubmatch(example, -1)) {
		known = append(known, found[1])
	}
	for _, found := range overrides.FindAllStringSubmatch(line, -1) {
		name := found[1]
		near := spelling.Nearest(strings.ToUpper(name), known)
		if near != "" && near != name && (len(name) > 2 || strings.EqualFold(name, near)) {
			return Usage(fmt.Errorf("make %s has no variable %s; did you mean %s?", target, name, near))
		}
	}
	return nil
}

// flagWord finds a flag in a message.
var flagWord = regexp.MustCompile(`--([a-z][a-z-]*)\b`)

// variables is a message about a command with its flags as make users know them: --ttl is TTL.
func (s speller) variables(command *cobra.Command, text string) string {
	if s.program != "" || command == nil {
		return text
	}
	names := map[string]string{}
	for _, found := range passed.FindAllStringSubmatch(atRoot("Makefile"), -1) {
		names[found[2]] = found[1]
	}
	return flagWord.ReplaceAllStringFunc(text, func(word string) string {
		if name, known := names[word[2:]]; known && command.Flags().Lookup(word[2:]) != nil {
			return name
		}
		return word
	})
}

// atRoot is the text of a file at the workshop's root; empty if there is none, as in an image.
func atRoot(name string) string {
	root, err := config.Root()
	if err != nil {
		return ""
	}
	text, _ := os.ReadFile(filepath.Join(root, name)) // What is missing is empty.
	return string(text)
}

// Curl is the command that asks for a URL, in the shells of this system. PowerShell has another program called curl, and
// cmd has no single quotes.
func Curl(url string) string {
	if runtime.GOOS == "windows" {
		return `curl.exe "` + url + `"`
	}
	return "curl '" + url + "'"
}

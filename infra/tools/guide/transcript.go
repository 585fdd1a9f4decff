package guide

import "strings"

// prompt begins a command of a transcript.
const prompt = "$ "

// exchange is one command of a transcript and what it printed.
type exchange struct {
	command string
	output  []string
}

// exchanges are the commands of a ```console block. A command that ends with a backslash goes on in the next line.
func exchanges(lines []string) []exchange {
	var all []exchange
	going := false
	for _, line := range lines {
		switch {
		case going:
			all[len(all)-1].command += "\n" + line
		case strings.HasPrefix(line, prompt):
			all = append(all, exchange{command: strings.TrimPrefix(line, prompt)})
		case len(all) > 0:
			all[len(all)-1].output = append(all[len(all)-1].output, line)
			continue
		}
		going = strings.HasSuffix(line, `\`)
	}
	return all
}

// transcript is the content of a ```console block.
func transcript(all []exchange) []string {
	var lines []string
	for _, one := range all {
		lines = append(lines, strings.Split(prompt+one.command, "\n")...)
		lines = append(lines, one.output...)
	}
	return lines
}

// outputLines are the lines that a program printed, without the blanks at their ends and the empty lines around them.
func outputLines(text string) []string {
	text = strings.Trim(strings.ReplaceAll(text, "\r", ""), "\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return lines
}

// found are the lines of a log that have the shapes of the documented ones, in this order. The second result is the first
// documented line that has none.
func found(want, log []string) ([]string, string) {
	var lines []string
	for _, line := range want {
		for len(log) > 0 && !sameShape(line, log[0]) {
			log = log[1:]
		}
		if len(log) == 0 {
			return nil, line
		}
		lines = append(lines, log[0])
		log = log[1:]
	}
	return lines, ""
}

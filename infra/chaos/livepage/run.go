package livepage

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Run is a recorded race.
type Run struct {
	text []byte
	// Frames is their number, Length the race's time at the last one, in milliseconds.
	Frames int
	Length int64
}

// longest bounds one line of a recording, in bytes.
const longest = 4 << 20

// OpenRun reads a recorded race. A last line that was cut off, because the recording machine broke, is left out. The
// error names the line that is no frame.
func OpenRun(path string) (*Run, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the recording: %w", err)
	}
	defer file.Close()
	run, err := readRun(file)
	if err != nil {
		return nil, fmt.Errorf("read the recording %s: %w", path, err)
	}
	return run, nil
}

func readRun(in io.Reader) (*Run, error) {
	run := &Run{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longest)
	for number := 1; lines.Scan(); number++ {
		line := bytes.TrimSpace(lines.Bytes())
		if number == 1 {
			var hello Hello
			if err := json.Unmarshal(line, &hello); err != nil || len(hello.Lanes) == 0 {
				return nil, fmt.Errorf("it is no recording; record one with make race RECORD=run.jsonl")
			}
		} else {
			var frame Frame
			if err := json.Unmarshal(line, &frame); err != nil {
				if !lines.Scan() {
					break
				}
				return nil, fmt.Errorf("line %d is no frame; record the race anew", number)
			}
			run.Frames++
			run.Length = frame.T
		}
		// Encoded anew, so that no byte of a foreign file ends up in a page as it is.
		run.text = append(append(run.text, sanitized(line)...), '\n')
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if run.Frames == 0 {
		return nil, fmt.Errorf("it holds no frame; record the race anew")
	}
	return run, nil
}

// Write writes the run in the format of a recording.
func (r *Run) Write(out io.Writer) error {
	_, err := out.Write(r.text)
	return err
}

// sanitized is a line of JSON in which nothing can end a script element of HTML.
func sanitized(line []byte) []byte {
	var out bytes.Buffer
	json.HTMLEscape(&out, line)
	return out.Bytes()
}

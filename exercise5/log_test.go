package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
)

// captureLog collects what the app logs until the test ends. The function it returns gives the lines so far, each as
// its message and the attributes that are asked for.
func captureLog(t *testing.T) func(attributes ...string) []string {
	t.Helper()
	before, log := slog.Default(), &logRecords{}
	slog.SetDefault(slog.New(log))
	t.Cleanup(func() { slog.SetDefault(before) })
	return log.lines
}

// logRecords is a slog.Handler that remembers.
type logRecords struct {
	mutex   sync.Mutex
	records []slog.Record
}

func (l *logRecords) Enabled(context.Context, slog.Level) bool { return true }

func (l *logRecords) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l *logRecords) WithGroup(string) slog.Handler { return l }

func (l *logRecords) Handle(_ context.Context, record slog.Record) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.records = append(l.records, record)
	return nil
}

func (l *logRecords) lines(attributes ...string) []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var lines []string
	for _, record := range l.records {
		line := record.Message
		record.Attrs(func(attribute slog.Attr) bool {
			if slices.Contains(attributes, attribute.Key) {
				line += " " + attribute.String()
			}
			return true
		})
		lines = append(lines, line)
	}
	return lines
}

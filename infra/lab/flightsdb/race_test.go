//go:build race

package flightsdb

func init() { raceDetector = true }

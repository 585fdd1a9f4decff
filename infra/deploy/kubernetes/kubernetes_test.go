package kubernetes

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestExercisesDifferInTheirProbesAlone(t *testing.T) {
	text := func(number int) string {
		file, err := os.ReadFile(fmt.Sprintf("base/exercise%d.yaml", number))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(file), fmt.Sprintf("exercise%d", number), "exerciseN")
	}
	for number := 2; number <= 4; number++ {
		if text(number) != text(1) {
			t.Errorf("exercise%d.yaml differs from exercise1.yaml in more than the number", number)
		}
	}
	// The lesson starts at the readiness probe and ends before preStop.
	outside := func(text string) string {
		before, rest, _ := strings.Cut(text, "          ports:\n")
		_, after, found := strings.Cut(rest, "          lifecycle:\n")
		if !found {
			t.Error("a manifest has no ports or no lifecycle")
		}
		return before + after
	}
	if outside(text(5)) != outside(text(4)) {
		t.Error("exercise5.yaml differs from exercise4.yaml in more than the probes")
	}
}

func TestRoomIsBounded(t *testing.T) {
	for _, attendees := range []int{-1, 0, MaxAttendees + 1} {
		if err := Room(io.Discard, attendees, Repository); err == nil {
			t.Errorf("%d attendees: got no error", attendees)
		}
	}
}

func TestRoomTakesImagesFromTheRegistry(t *testing.T) {
	var room strings.Builder
	if err := Room(&room, 2, "registry.example.com/workshop"); err != nil {
		t.Fatal(err)
	}
	images := 0
	for line := range strings.Lines(room.String()) {
		if _, image, found := strings.Cut(line, "image: "); found {
			images++
			if !strings.HasPrefix(image, "registry.example.com/workshop/") {
				t.Errorf("got the image %s", image)
			}
		}
	}
	if images != 4 {
		t.Errorf("got %d images for two attendees, want 4", images)
	}
}

func TestBuildArguments(t *testing.T) {
	got := strings.Join(buildArguments("exercise2", "registry.example.com", "linux/arm64"), " ")
	for _, want := range []string{"MODULE=exercise2", "--tag registry.example.com/exercise2", "--platform linux/arm64"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want it to have %q", got, want)
		}
	}
	if got := buildArguments("exercise2", Repository, ""); slices.Contains(got, "--platform") {
		t.Errorf("got %q, want no platform", got)
	}
}

package experiment

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	"chaosworkshop/shared/config"
)

// The settings have the variables, defaults and ranges of exercise 5, which has them all.
func TestSettingsAreThoseOfExercise5(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "exercise5", "resilience.go"))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, tag := range regexp.MustCompile("(?m)^\t[A-Z].* `(env:.*)`$").FindAllStringSubmatch(string(text), -1) {
		want = append(want, tag[1])
	}
	for field := range reflect.TypeFor[Settings]().Fields() {
		got = append(got, string(field.Tag))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want those of exercise 5: %q", got, want)
	}
}

package experiment

import (
	"path/filepath"
	"slices"
	"testing"

	"chaosworkshop/shared/config"
)

// Every mutation still fits its file, and names only experiments that its stage passes.
func TestMutationsFitTheExercises(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	for i, mutation := range Mutations() {
		if err := mutation.write(root, filepath.Join(t.TempDir(), "exercise")); err != nil {
			t.Errorf("mutation %d, %q: %v", i, mutation.Name, err)
		}
		for _, number := range slices.Concat(mutation.Red, mutation.May) {
			if number < 1 || number > mutation.Stage {
				t.Errorf("mutation %d, %q: E%d is no experiment that exercise %d passes", i, mutation.Name, number, mutation.Stage)
			}
		}
	}
}

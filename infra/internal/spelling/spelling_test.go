package spelling

import "testing"

// FuzzDistance: a distance is symmetric, and no word breaks it.
func FuzzDistance(f *testing.F) {
	f.Add("chaos", "cahos")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 50 || len(b) > 50 {
			return
		}
		if there, back := Distance(a, b), Distance(b, a); there != back || (there == 0) != (a == b) {
			t.Errorf("%q to %q: %d there, %d back", a, b, there, back)
		}
	})
}

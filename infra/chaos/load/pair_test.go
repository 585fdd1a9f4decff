package load

import "testing"

// Whatever is asked for, all of it is, equally often, and not in the order of the list.
func TestPick(t *testing.T) {
	const count, rounds = 50, 4
	times, ordered := map[int]int{}, 0
	for n := range uint64(count * rounds) {
		index := pick(count, 7, n)
		if times[index]++; uint64(index) == n%count {
			ordered++
		}
		if index != pick(count, 7, n) {
			t.Fatalf("request %d: two draws differ", n)
		}
	}
	for index := range count {
		if times[index] != rounds {
			t.Errorf("index %d: got %d times, want %d", index, times[index], rounds)
		}
	}
	if ordered > count*rounds/5 {
		t.Errorf("%d of %d are in the order of the list", ordered, count*rounds)
	}
}

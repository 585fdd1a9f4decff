// Package spelling finds what somebody meant to type.
package spelling

import "strings"

// Nearest is the candidate that is spelled most like the word, or empty if none is near.
func Nearest(word string, candidates []string) string {
	best, near := "", max(1, len(word)/3)+1
	for _, candidate := range candidates {
		if d := Distance(word, candidate); d < near {
			best, near = candidate, d
		}
	}
	return best
}

// Distance is the number of letters to insert, remove, change or swap with their neighbour that lie between two words.
func Distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			switch {
			case i == 0 || j == 0:
				rows[i][j] = i + j
			case a[i-1] == b[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j], rows[i][j-1], rows[i-1][j-1])
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					rows[i][j] = min(rows[i][j], 1+rows[i-2][j-2])
				}
			}
		}
	}
	return rows[len(a)][len(b)]
}

// DidYouMean continues an error about an unknown word: with the nearest candidate, or with them all.
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	return "choose from " + strings.Join(candidates, ", ")
}

// The workshop's command line: the database, the proxy and the faults around the five exercises.
package main

import (
	"chaosworkshop/infra/cmd"
	"chaosworkshop/infra/internal/cli"
)

func main() { cli.Main(cmd.New()) }

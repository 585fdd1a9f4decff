package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/mod/modfile"
)

// Machine is where a run was measured; nothing tells whose it is.
type Machine struct {
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
}

// Version is that of a library or a program.
type Version struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

func machine() Machine {
	// Not every processor says its name.
	return Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: cmp.Or(cpuid.CPU.BrandName, "a processor without a name"), Cores: runtime.NumCPU()}
}

// named are the modules whose versions a figure depends on.
var named = []string{
	"github.com/failsafe-go/failsafe-go", "github.com/sony/gobreaker/v2", "github.com/gin-gonic/gin", "gorm.io/gorm",
	"gorm.io/driver/mysql", "github.com/go-sql-driver/mysql", "github.com/Shopify/toxiproxy/v2",
	"github.com/dolthub/go-mysql-server",
}

// versions are those of Go, of the named modules as the last exercise and the infrastructure require them, and of
// MariaDB where it is installed.
func versions(ctx context.Context, root string) ([]Version, error) {
	found := []Version{{"Go", runtime.Version()}}
	for _, folder := range []string{"exercise5", "infra"} {
		path := filepath.Join(root, folder, "go.mod")
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read versions: %w", err)
		}
		file, err := modfile.Parse(path, text, nil)
		if err != nil {
			return nil, fmt.Errorf("read versions: %w", err)
		}
		for _, required := range file.Require {
			version := Version{required.Mod.Path, required.Mod.Version}
			if slices.Contains(named, version.Name) && !slices.Contains(found, version) {
				found = append(found, version)
			}
		}
	}
	// An administrator's program is not on everybody's path.
	for _, server := range []string{"mariadbd", "/usr/sbin/mariadbd"} {
		output, err := exec.CommandContext(ctx, server, "--version").Output()
		if number := regexp.MustCompile(`\d+\.\d+\.\d+`).Find(output); err == nil && number != nil {
			return append(found, Version{"MariaDB", string(number)}), nil
		}
	}
	return found, nil
}

package bundle

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// modulesFolder is where a bundle has its modules, below the root, as a module proxy's files.
const modulesFolder = ".bundle/modules"

// makeSettings is the file .bundle/settings.mk, which the Makefile includes: the same as Use, for make.
const makeSettings = `# The modules lie beside the code: no network is needed.
export GOPROXY := file:///$(patsubst /%,%,$(CURDIR))/` + modulesFolder + `
export GOSUMDB := off
export GOTOOLCHAIN := local
`

// Use makes every go command that this process starts take its modules from the bundle whose root is given. Where that is
// no bundle, it does nothing.
func Use(root string) error {
	modules := filepath.Join(root, filepath.FromSlash(modulesFolder))
	if info, err := os.Stat(modules); err != nil || !info.IsDir() {
		return nil
	}
	for name, value := range map[string]string{"GOPROXY": fileURL(modules), "GOSUMDB": "off", "GOTOOLCHAIN": "local"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// fileURL is the URL of a folder.
func fileURL(dir string) string {
	path := filepath.ToSlash(dir)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // A drive of Windows.
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

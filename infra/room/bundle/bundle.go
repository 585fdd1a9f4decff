// Package bundle packs the workshop with all that it needs into one archive, for computers without a network.
package bundle

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// topFolder is what the archive extracts to.
const topFolder = "chaosworkshop"

// Make packs the workshop at root into an archive in the folder dir: the sources, the modules that they need, and the
// programs built for this system. Beside it lies its SHA-256 checksum in a file .sha256. It returns the archive's path.
//
// What it does goes to out, a line each. Either both files are complete at the end, or there are none.
func Make(ctx context.Context, root, dir string, out io.Writer) (path string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	sources, err := sources(ctx, root)
	if err != nil {
		return "", fmt.Errorf("list the sources: %w", err)
	}
	work, err := os.MkdirTemp(dir, ".bundle-*")
	if err != nil {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	fmt.Fprintln(out, "Collecting the modules that the code and its tests need ...")
	modules, err := collectModules(ctx, root, filepath.Join(work, "modules"))
	if err != nil {
		return "", fmt.Errorf("collect the modules: %w", err)
	}
	fmt.Fprintln(out, "Building the programs ...")
	programs, err := build(ctx, root, filepath.Join(work, "bin"))
	if err != nil {
		return "", err
	}
	settings := filepath.Join(work, "settings.mk")
	if err := os.WriteFile(settings, []byte(makeSettings), 0o644); err != nil {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	name := fmt.Sprintf("%s-%s-%s.tar.gz", topFolder, runtime.GOOS, runtime.GOARCH)
	archive := filepath.Join(work, name)
	checksum, err := pack(archive, append(append(append(sources, modules...), programs...), file{".bundle/settings.mk", settings}), out)
	if err != nil {
		return "", fmt.Errorf("pack: %w", err)
	}
	path = filepath.Join(dir, name)
	// Of an archive and a checksum that do not belong together, the checksum must be the one that is missing.
	if err := os.Remove(path + ".sha256"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	if err := os.Rename(archive, path); err != nil {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	if err := os.WriteFile(path+".sha256", []byte(checksum+"  "+name+"\n"), 0o644); err != nil {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	return path, nil
}

// file is one file of the archive.
type file struct {
	// at is its path below the top folder, with slashes.
	at string
	// from is where it lies now.
	from string
}

// pack writes the files into an archive and returns its checksum.
func pack(path string, files []file, out io.Writer) (checksum string, err error) {
	target, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	hash := sha256.New()
	// Most of it, the modules, is compressed already.
	zipped, err := gzip.NewWriterLevel(io.MultiWriter(target, hash), gzip.BestSpeed)
	if err != nil {
		return "", err
	}
	archive := tar.NewWriter(zipped)
	progress := progress{out: out, all: len(files)}
	for _, file := range files {
		if err := add(archive, file); err != nil {
			return "", err
		}
		progress.step()
	}
	if err := errors.Join(archive.Close(), zipped.Close(), target.Sync()); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// add puts one file into the archive.
func add(archive *tar.Writer, file file) error {
	source, err := os.Open(file.from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	// No owner: whoever unpacks it owns it.
	header := &tar.Header{Name: topFolder + "/" + file.at, Mode: mode, Size: info.Size(), ModTime: info.ModTime(), Typeflag: tar.TypeReg}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, source)
	return err
}

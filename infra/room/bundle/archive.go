package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// file is one file of the archive.
type file struct {
	// at is its path below the top folder, with slashes.
	at string
	// from is where it is now.
	from string
}

// sources are the files of the workshop itself: those that Git tracks or would track; without Git, everything except what
// is built, downloaded or secret.
func sources(ctx context.Context, root string) ([]file, error) {
	left := []string{".git", "bin", "data", "dist", "reports"}
	command := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	command.Dir = root
	output, err := command.Output()
	if _, outside := os.Lstat(filepath.Join(root, ".git")); err != nil || outside != nil {
		return below(root, func(at string) bool { return slices.Contains(left, at) || filepath.Base(at) == ".env" })
	}
	var files []file
	for at := range bytes.SplitSeq(output, []byte{0}) {
		from := filepath.Join(root, filepath.FromSlash(string(at)))
		if info, err := os.Lstat(from); err == nil && info.Mode().IsRegular() {
			files = append(files, file{string(at), from})
		}
	}
	return files, nil
}

// below lists the files of a folder, without the files and folders that skip names by their paths.
func below(dir string, skip func(at string) bool) ([]file, error) {
	var files []file
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case skip(at) && entry.IsDir():
			return fs.SkipDir
		case !skip(at) && entry.Type().IsRegular():
			files = append(files, file{filepath.ToSlash(at), path})
		}
		return nil
	})
	return files, err
}

// pack writes the files into an archive and returns its checksum. Each second it writes to out how many are packed.
func pack(path string, files []file, out io.Writer) (checksum string, err error) {
	target, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	hash := sha256.New()
	zipped := gzip.NewWriter(io.MultiWriter(target, hash))
	archive := tar.NewWriter(zipped)
	said := time.Now()
	for i, file := range files {
		if err := add(archive, file); err != nil {
			return "", err
		}
		if time.Since(said) >= time.Second || i == len(files)-1 {
			fmt.Fprintf(out, "Packing: %d of %d files\n", i+1, len(files))
			said = time.Now()
		}
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
	// Without an owner, the files belong to whoever unpacks them.
	header := &tar.Header{Name: topFolder + "/" + file.at, Mode: mode, Size: info.Size(), ModTime: info.ModTime(), Typeflag: tar.TypeReg}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, source)
	return err
}

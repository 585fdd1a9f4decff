package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"

	"chaosworkshop/infra/internal/tool"
)

// Images are the images of the workshop: each is the folder of a module.
func Images() []string {
	return []string{"infra", "exercise1", "exercise2", "exercise3", "exercise4", "exercise5"}
}

// Build builds every image of the workshop with docker or podman, under its name in repository. An empty platform is
// that of this computer; another one is, for example, linux/arm64. What the builder says goes to output.
func Build(ctx context.Context, repository, platform string, output io.Writer) error {
	engine, err := engine()
	if err != nil {
		return err
	}
	for _, image := range Images() {
		err := tool.Run{Args: append([]string{engine}, buildArguments(image, repository, platform)...), Output: output}.Do(ctx)
		if ctx.Err() != nil {
			return errors.New("stopped; not every image was built")
		}
		if err != nil {
			return fmt.Errorf("build the image %s/%s: %s failed (%w); its last lines above say why", repository, image, engine, err)
		}
	}
	return nil
}

// engine is docker, or podman where there is no docker.
func engine() (string, error) {
	for _, name := range []string{"docker", "podman"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("neither docker nor podman is in the PATH; install one of them to build images")
}

// buildArguments are the arguments that build one image; both engines take the same.
func buildArguments(image, repository, platform string) []string {
	arguments := []string{"build", "--file", filepath.Join("infra", "deploy", "Dockerfile"), "--build-arg", "MODULE=" + image,
		"--tag", repository + "/" + image}
	if platform != "" {
		arguments = append(arguments, "--platform", platform)
	}
	return append(arguments, ".")
}

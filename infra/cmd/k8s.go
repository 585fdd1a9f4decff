package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/deploy/kubernetes"
)

// newImagesCommand builds the images that the manifests name.
func newImagesCommand() *cobra.Command {
	var registry, platform string
	command := &cobra.Command{
		Use:   "images",
		Short: "Build the images for Kubernetes, with docker or podman",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			repository := strings.TrimSuffix(registry, "/")
			if err := kubernetes.Build(command.Context(), repository, platform, command.ErrOrStderr()); err != nil {
				return err
			}
			for _, image := range kubernetes.Images() {
				fmt.Fprintf(command.OutOrStdout(), "%s/%s\n", repository, image)
			}
			return nil
		},
	}
	registryFlag(command, &registry)
	command.Flags().StringVar(&platform, "platform", "", "the cluster's processors, linux/amd64 or linux/arm64 (default: as this computer)")
	return command
}

// newK8sCommand prints the manifests of a room.
func newK8sCommand() *cobra.Command {
	var attendees int
	var registry string
	command := &cobra.Command{
		Use:   "k8s",
		Short: "Print the YAML of a room on Kubernetes, for kubectl apply -f -",
		Long: "Print the YAML of a room on Kubernetes, for `kubectl apply -f -`: for each attendee a namespace with a quota, an account\n" +
			"that has rights there and nowhere else, the database with Toxiproxy, and exercise 5.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			out := bufio.NewWriter(command.OutOrStdout())
			return errors.Join(kubernetes.Room(out, attendees, strings.TrimSuffix(registry, "/")), out.Flush())
		},
	}
	command.Flags().IntVar(&attendees, "attendees", 1, fmt.Sprintf("how many attendees the room has, at most %d", kubernetes.MaxAttendees))
	registryFlag(command, &registry)
	return command
}

// registryFlag is the flag of both commands that names where the images are.
func registryFlag(command *cobra.Command, registry *string) {
	command.Flags().StringVar(registry, "registry", kubernetes.Repository,
		"what comes before the images' names, such as registry.example.com/workshop")
}

// Package manifests checks the workshop's Kubernetes manifests against the types of the Kubernetes API. It is with the tools
// because attendees do not need those types, which take a minute to compile.
package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	documents "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"chaosworkshop/infra/deploy/kubernetes"
)

// decode reads the objects of a manifest. A field that the API does not know, or that is there twice, is an error.
func decode(manifest []byte) ([]runtime.Object, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, rbacv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	reader := documents.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifest)))
	var objects []runtime.Object
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		object, _, err := strict.Decode(document, nil, nil)
		if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
}

// files are the paths of all manifests but the kustomizations, which are the second list.
func files(t *testing.T) (manifests, kustomizations []string) {
	t.Helper()
	err := fs.WalkDir(kubernetes.Manifests(), ".", func(name string, _ fs.DirEntry, err error) error {
		switch {
		case path.Base(name) == "kustomization.yaml":
			kustomizations = append(kustomizations, name)
		case path.Ext(name) == ".yaml":
			manifests = append(manifests, name)
		}
		return err
	})
	if err != nil || len(manifests) < 8 || len(kustomizations) != 2 {
		t.Fatalf("%v: got the manifests %v and the kustomizations %v, want at least 8 and 2", err, manifests, kustomizations)
	}
	return manifests, kustomizations
}

// content is the text of a file.
func content(t *testing.T, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(kubernetes.Manifests(), name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// objects are the objects of a manifest.
func objects(t *testing.T, name string, manifest []byte) []runtime.Object {
	t.Helper()
	all, err := decode(manifest)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if len(all) == 0 {
		t.Errorf("%s: got no object", name)
	}
	return all
}

// room is the printed room.
func room(t *testing.T, attendees int) []runtime.Object {
	t.Helper()
	var text bytes.Buffer
	if err := kubernetes.Room(&text, attendees, kubernetes.Repository); err != nil {
		t.Fatal(err)
	}
	return objects(t, "the room", text.Bytes())
}

// complete are the objects of all manifests but the patches of the overlays.
func complete(t *testing.T) []runtime.Object {
	t.Helper()
	var all []runtime.Object
	manifests, _ := files(t)
	for _, name := range manifests {
		if !strings.HasPrefix(name, "overlays/") {
			all = append(all, objects(t, name, content(t, name))...)
		}
	}
	return all
}

func TestTheAPIKnowsEveryField(t *testing.T) {
	manifests, kustomizations := files(t)
	for _, name := range manifests {
		objects(t, name, content(t, name))
	}
	for _, name := range kustomizations {
		// The part of a kustomization that the workshop uses.
		var file struct {
			metav1.TypeMeta
			Namespace string   `json:"namespace"`
			Resources []string `json:"resources"`
			Patches   []struct {
				Path string `json:"path"`
			} `json:"patches"`
		}
		if err := yaml.UnmarshalStrict(content(t, name), &file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		named := file.Resources
		for _, patch := range file.Patches {
			named = append(named, patch.Path)
		}
		for _, one := range named {
			if _, err := fs.Stat(kubernetes.Manifests(), path.Join(path.Dir(name), one)); err != nil {
				t.Errorf("%s names what does not exist: %v", name, err)
			}
		}
		beside, err := fs.Glob(kubernetes.Manifests(), path.Join(path.Dir(name), "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range beside {
			if one != name && !slices.Contains(named, path.Base(one)) {
				t.Errorf("%s does not name %s", name, one)
			}
		}
	}
}

func TestAMisspeltFieldIsFound(t *testing.T) {
	const good = "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\nspec:\n  selector:\n    app: x\n"
	if _, err := decode([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		strings.Replace(good, "selector", "selektor", 1),
		strings.Replace(good, "kind: Service", "kind: Servis", 1),
		strings.Replace(good, "v1", "v2", 1),
		good + "  selector:\n    app: y\n",
	} {
		if _, err := decode([]byte(bad)); err == nil {
			t.Errorf("got no error for:\n%s", bad)
		}
	}
}

// template is the pods of an object, or nil.
func template(object runtime.Object) *corev1.PodTemplateSpec {
	switch object := object.(type) {
	case *appsv1.Deployment:
		return &object.Spec.Template
	case *batchv1.Job:
		return &object.Spec.Template
	}
	return nil
}

func TestEveryPodIsRestricted(t *testing.T) {
	for _, object := range complete(t) {
		pods := template(object)
		if pods == nil {
			continue
		}
		name, spec := pods.Labels["app"], pods.Spec
		yes := func(what string, holds bool) {
			if !holds {
				t.Errorf("%s: want %s", name, what)
			}
		}
		is := func(flag *bool, want bool) bool { return flag != nil && *flag == want }
		yes("no token of the API", is(spec.AutomountServiceAccountToken, false))
		yes("no variables of Services, which collide with settings", is(spec.EnableServiceLinks, false))
		yes("runAsNonRoot", spec.SecurityContext != nil && is(spec.SecurityContext.RunAsNonRoot, true))
		yes("seccomp", spec.SecurityContext != nil && spec.SecurityContext.SeccompProfile != nil &&
			spec.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault)
		for _, container := range spec.Containers {
			security := container.SecurityContext
			if security == nil || security.Capabilities == nil {
				t.Errorf("%s: got no security context", name)
				continue
			}
			yes("no privilege escalation", is(security.AllowPrivilegeEscalation, false))
			yes("a read-only root", is(security.ReadOnlyRootFilesystem, true))
			yes("no capability", slices.Equal(security.Capabilities.Drop, []corev1.Capability{"ALL"}) && security.Capabilities.Add == nil)
			yes("an image that is loaded beforehand to do", container.ImagePullPolicy == corev1.PullIfNotPresent)
			image, ours := strings.CutPrefix(container.Image, kubernetes.Repository+"/")
			yes("an image that `make images` builds", ours && slices.Contains(kubernetes.Images(), image))
			yes("a limit of memory", !container.Resources.Limits.Memory().IsZero())
			yes("no limit of CPU", container.Resources.Limits.Cpu().IsZero())
		}
	}
}

// A namespace has room for everything in the base, a second pod of one exercise in a rolling restart, and a load.
func TestTheQuotaSuffices(t *testing.T) {
	var quota corev1.ResourceList
	pods, cpu, requests, limits := int64(1), resource.Quantity{}, resource.Quantity{}, resource.Quantity{}
	add := func(container corev1.Container) {
		cpu.Add(*container.Resources.Requests.Cpu())
		requests.Add(*container.Resources.Requests.Memory())
		limits.Add(*container.Resources.Limits.Memory())
	}
	for _, object := range complete(t) {
		if found, ok := object.(*corev1.ResourceQuota); ok {
			quota = found.Spec.Hard
		}
		if found := template(object); found != nil {
			pods++
			add(found.Spec.Containers[0])
			if found.Labels["app"] == "exercise5" {
				add(found.Spec.Containers[0])
			}
		}
	}
	for name, want := range map[corev1.ResourceName]resource.Quantity{
		corev1.ResourcePods: *resource.NewQuantity(pods, resource.DecimalSI), corev1.ResourceRequestsCPU: cpu,
		corev1.ResourceRequestsMemory: requests, corev1.ResourceLimitsMemory: limits,
	} {
		if got := quota[name]; got.Cmp(want) < 0 {
			t.Errorf("the quota allows %s %s, and %s are needed", name, got.String(), want.String())
		}
	}
}

func TestProbes(t *testing.T) {
	seen := 0
	for _, object := range complete(t) {
		deployment, ok := object.(*appsv1.Deployment)
		if !ok || deployment.Name == "infra" {
			continue
		}
		seen++
		container := deployment.Spec.Template.Spec.Containers[0]
		if hook := container.Lifecycle; hook == nil || hook.PreStop == nil || hook.PreStop.Sleep == nil || hook.PreStop.Sleep.Seconds == 0 {
			t.Errorf("%s: got no preStop sleep", deployment.Name)
		}
		ready, alive := container.ReadinessProbe, container.LivenessProbe
		if deployment.Name != "exercise5" {
			if ready == nil || ready.TCPSocket == nil || alive != nil {
				t.Errorf("%s: got the probes %v and %v, want a TCP socket and none", deployment.Name, ready, alive)
			}
			continue
		}
		if ready == nil || ready.HTTPGet == nil || ready.HTTPGet.Path != "/health/" {
			t.Errorf("exercise5: got the readiness probe %v, want /health/", ready)
		}
		if alive == nil || alive.HTTPGet == nil || alive.HTTPGet.Path != "/health/live" {
			t.Errorf("exercise5: got the liveness probe %v, want /health/live", alive)
		}
	}
	if seen != 5 {
		t.Errorf("got %d exercises, want 5", seen)
	}
}

func TestServicesLeadToPods(t *testing.T) {
	all := complete(t)
	for _, object := range all {
		service, ok := object.(*corev1.Service)
		if !ok {
			continue
		}
		var ports []string
		for _, other := range all {
			if pods := template(other); pods != nil && pods.Labels["app"] == service.Spec.Selector["app"] {
				for _, port := range pods.Spec.Containers[0].Ports {
					ports = append(ports, port.Name)
				}
			}
		}
		for _, port := range service.Spec.Ports {
			if !slices.Contains(ports, port.TargetPort.String()) {
				t.Errorf("the Service %s leads to the port %s, and its pods have %v", service.Name, port.TargetPort.String(), ports)
			}
		}
	}
}

func TestARoomKeepsAttendeesApart(t *testing.T) {
	const attendees = 30
	kinds := map[string][]string{}
	for _, object := range room(t, attendees) {
		kind := object.GetObjectKind().GroupVersionKind().Kind
		in := object.(metav1.Object).GetNamespace()
		switch object := object.(type) {
		case *corev1.Namespace:
			if in != "" {
				t.Errorf("the namespace %s is in a namespace", object.Name)
			}
			if got := object.Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
				t.Errorf("%s: got the pod security %q, want restricted", object.Name, got)
			}
			in = object.Name
		case *rbacv1.RoleBinding:
			for _, subject := range object.Subjects {
				if subject.Kind != rbacv1.ServiceAccountKind || subject.Namespace != in {
					t.Errorf("%s: got rights for the %s %s in %s, want its own account only", in, subject.Kind, subject.Name, subject.Namespace)
				}
			}
		case *rbacv1.ClusterRoleBinding:
			t.Errorf("%s: got rights in the whole cluster", object.Name)
		}
		kinds[in] = append(kinds[in], kind)
	}
	if len(kinds) != attendees {
		t.Errorf("got %d namespaces, want %d", len(kinds), attendees)
	}
	want := []string{"Deployment", "Deployment", "LimitRange", "Namespace", "ResourceQuota", "RoleBinding", "Service", "Service", "ServiceAccount"}
	for name, got := range kinds {
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

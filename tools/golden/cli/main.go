// Records what cobra 1.10.2 and pflag 1.0.10 do with command lines, for
// src/cli/command_test.c, which holds the same command tree as tables.
//
//	go run . > ../../../tests/golden/cli/cobra.jsonl
//	go run . csv > ../../../tests/golden/cli/csv.jsonl
//
// One case a line: the arguments, then what was written and the exit status;
// or a text and what encoding/csv reads from it.
package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// level is a flag of its own kind, with its own words for what is wrong.
type level string

func (l *level) String() string { return string(*l) }
func (l *level) Type() string   { return "low|high" }
func (l *level) Set(s string) error {
	if s != "low" && s != "high" {
		return fmt.Errorf("level '%s' is not known", s)
	}
	*l = level(s)
	return nil
}

// steps is a list of its own kind.
type steps []string

func (l *steps) String() string { return "[" + strings.Join(*l, ",") + "]" }
func (l *steps) Type() string   { return "steps" }
func (l *steps) Set(s string) error {
	if s == "" {
		return errors.New("a step needs a name")
	}
	*l = append(*l, s)
	return nil
}

func show(cmd *cobra.Command, args []string) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s\n", cmd.CommandPath())
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Name == "version" || !f.Changed {
			return
		}
		fmt.Fprintf(out, "%s: %s\n", f.Name, value(cmd.Flags(), f))
	})
	fmt.Fprintf(out, "words: %s, dash %d\n", list(args), cmd.Flags().ArgsLenAtDash())
	if len(args) > 0 && args[0] == "fail" {
		return errors.New("it was told to fail")
	}
	return nil
}

func list(l []string) string {
	var quoted []string
	for _, s := range l {
		quoted = append(quoted, fmt.Sprintf("%q", s))
	}
	return "[" + strings.Join(quoted, " ") + "]"
}

func value(flags *pflag.FlagSet, f *pflag.Flag) string {
	switch f.Value.Type() {
	case "stringSlice":
		v, _ := flags.GetStringSlice(f.Name)
		return list(v)
	case "stringArray":
		v, _ := flags.GetStringArray(f.Name)
		return list(v)
	case "stringToString":
		v, _ := flags.GetStringToString(f.Name)
		var pairs []string
		for key, text := range v {
			pairs = append(pairs, key+"="+text)
		}
		sort.Strings(pairs)
		return list(pairs)
	case "steps":
		return list(*f.Value.(*steps))
	case "duration":
		v, _ := flags.GetDuration(f.Name)
		return fmt.Sprint(int64(v))
	case "string", "low|high":
		return fmt.Sprintf("%q", f.Value.String())
	}
	return f.Value.String()
}

func tree() *cobra.Command {
	root := &cobra.Command{
		Use:          "demo",
		Short:        "Show how command lines are read",
		Long:         "\nShow how command lines are read.\nIn two lines. \n\n",
		Example:      "  # Get all things\n  demo get things -A\n",
		Version:      "1.2.3",
		SilenceUsage: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().StringP("namespace", "n", "demo-system", "the `scope` of the command")
	root.PersistentFlags().Duration("timeout", 5*time.Minute, "how long to wait")
	root.PersistentFlags().Bool("verbose", false, "say more")
	root.PersistentFlags().StringArray("as-group", nil, "group to act as")

	get := &cobra.Command{Use: "get", Aliases: []string{"g", "show"}, Short: "Get things"}
	get.PersistentFlags().BoolP("all-namespaces", "A", false, "in all namespaces")
	get.PersistentFlags().StringP("selector", "l", "", "filter by label")
	get.Flags().Bool("only-get", false, "not for the commands below")

	things := &cobra.Command{
		Use: "things [NAME]", Aliases: []string{"thing", "th"},
		Short: "Get things of all sorts", Long: "Get things of all sorts, and say so.",
		Example: "  demo get things", RunE: show,
	}
	f := things.Flags()
	f.StringSlice("components", []string{"source", "kustomize"}, "which components")
	f.StringSliceP("extra", "x", nil, "more components")
	f.StringArray("set", nil, "set a value")
	f.StringToStringP("labels", "L", nil, "labels to add")
	f.CountP("loud", "v", "louder\neach time")
	f.Int("retries", 10, "how often")
	f.Int64("tail", -1, "how many `lines`")
	f.Float32("qps", 50, "requests a second")
	f.Duration("interval", 0, "how often to look")
	lvl := level("low")
	f.VarP(&lvl, "level", "e", "how high")
	var none level
	f.Var(&none, "no-level", "not at all")
	f.Var(&steps{}, "step", "what to do")
	f.String("dry-run", "none", "only say what would be done")
	f.Lookup("dry-run").NoOptDefVal = "client"
	f.Bool("prune", true, "remove what is gone")
	f.StringP("output", "o", "", "format with a \"quote\"")
	f.String("odd", "a \"b\"\t\\", "a default that needs quotes")
	f.String("old", "", "not any more")
	f.MarkDeprecated("old", "use --new instead")
	f.String("secret", "", "nobody sees it")
	f.MarkHidden("secret")
	get.AddCommand(things)

	hidden := &cobra.Command{Use: "hidden", Short: "Not listed", Hidden: true, RunE: show}
	old := &cobra.Command{Use: "old-and-very-long-name", Short: "Not any more", Deprecated: "use get", RunE: show}
	build := &cobra.Command{Use: "build DIR", Short: "Build one", Args: cobra.ExactArgs(1), RunE: show}
	build.Flags().StringP("namespace", "s", "own", "hides the one above")
	build.Flags().String("must", "", "has to be there")
	build.MarkFlagRequired("must")
	build.Flags().String("also", "", "has to be there too")
	build.MarkFlagRequired("also")
	least := &cobra.Command{Use: "least A B... [flags]", Short: "Two or more", Args: cobra.MinimumNArgs(2), RunE: show}
	most := &cobra.Command{Use: "most", Short: "Two at the most", Args: cobra.MaximumNArgs(2), RunE: show}
	between := &cobra.Command{Use: "between", Short: "One or two", Args: cobra.RangeArgs(1, 2), RunE: show}
	bare := &cobra.Command{Use: "bare", Short: "None", Args: cobra.NoArgs, RunE: show}
	raw := &cobra.Command{Use: "raw", Short: "As they come", DisableFlagParsing: true, RunE: show}
	empty := &cobra.Command{Use: "empty", Short: "Holds only hidden ones"}
	empty.AddCommand(&cobra.Command{Use: "inner", Hidden: true, RunE: show})
	deep := &cobra.Command{Use: "deep", Short: "Runs and has commands", RunE: show}
	deep.AddCommand(&cobra.Command{Use: "er", Short: "Deeper", RunE: show})
	root.AddCommand(bare, between, build, deep, empty, get, hidden, least, most, old, raw)
	return root
}

// words that random lines are made of.
var pool = []string{
	"get", "g", "things", "th", "build", "least", "most", "between", "bare", "raw", "deep", "er", "old-and-very-long-name",
	"gett", "bild", "x", "fail", "a=b", "", "-", "--", "-A", "-A=false", "-A=x", "--all-namespaces", "--all-namespaces=0",
	"-n", "-nother", "-n=other", "-n=", "--namespace", "--namespace=q", "--namespace=", "-s", "-sx", "--verbose", "--verbose=no", "--timeout", "3m", "--timeout=1h30m", "--timeout=x",
	"-l", "-l=k=v", "-lk=v", "-Al", "-Aln", "-vvv", "-v=3", "-v", "-v3", "--loud", "--loud=+1", "--loud=2", "--loud=x",
	"--components", "--components=a,b", "--components=", "-x", "-xa", "-x=\"a,b\",c", "-xa\"b", "--extra=\"a", "--extra=a\n",
	"--set", "--set=a=b,c=d", "--labels", "--labels=a=b,c=d", "-La=b", "-L=\"a=b\"", "--labels=a=\"x,y\"", "--labels=\"a=x,y\",b=z", "--labels=a", "--labels=a=b,c",
	"--retries=3", "--retries=0x1f", "--retries=1_0", "--retries=x", "--retries", "--retries=99999999999999999999", "--tail=-5", "--tail", "-5",
	"--qps=1.5", "--qps=x", "--qps", "--interval=90s", "--interval=-1.5h", "--interval", "--level=high", "--level=mid", "-e", "-elow", "-ehigh", "--no-level=", "--no-level=low",
	"--step=one", "--step=", "--step", "--dry-run", "--dry-run=server", "--dry-run=", "--prune", "--prune=false", "--prune=F", "--prune=maybe",
	"-o", "-oyaml", "-o=json", "--output", "--output=a=b", "--odd=", "--old=1", "--old", "--secret=x", "--must=1", "--also=2", "--must", "--only-get",
	"--nope", "--nope=1", "-z", "-zA", "-Az", "-é", "-\x01", "---", "--=", "-=", "--=x", "--verbose=\"true\"", "--namespace=\"q\\", "--level=ü\x02",
}

var lines = []string{
	"", "--help", "-h", "help", "get", "get --help", "help get", "g -h", "get things --help", "get things -h", "help get things", "help th",
	"help get th", "build --help", "build -h", "least --help", "deep --help", "deep er -h", "empty", "empty --help", "raw --help", "hidden --help", "old-and-very-long-name -h",
	"help nope", "help get nope", "help a b", "--version", "-v", "--version=false", "get -v", "get things --version", "get nope", "nope", "ge", "GET", "getthings", "hidde", "old", "hel", "bui", "eepd", "rwa",
	"-n get", "-n x get things", "--verbose get things", "--nope get things", "--only-get get", "get --only-get things", "-A get things", "get -A things", "-h get", "--help get things",
	"old-and-very-long-name x", "hidden", "bare x", "bare", "build", "build x", "build x y", "build x --must=1", "build x --must 1 --also 2", "build x --also 2 -s q -n p",
	"least", "least a", "least a b", "least a b c", "most a b c", "between", "between a b c", "between a", "deep", "deep x", "deep er", "deep eh", "raw -a --b c -- d", "raw",
	"get things fail", "get things -- -A fail", "get -- things", "-- get", "get things a -- b -- c",
}

func run(args []string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	cmd := tree()
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	// What cobra prints as a notice goes where out goes, once that is set.
	if cmd.Execute() != nil {
		code = 1
	}
	return out.String(), errs.String(), code
}

// recordCSV reads the first record of short texts made of what matters.
func recordCSV(enc *json.Encoder) {
	pieces := []string{"\"", "\"", "\"\"", ",", ",", "\n", "\r\n", "\r", "a", " ", "ü"}
	random := rand.New(rand.NewSource(2))
	seen := map[string]bool{}
	for i := 0; i < 3000; i++ {
		text := ""
		for n := random.Intn(10); n > 0; n-- {
			text += pieces[random.Intn(len(pieces))]
		}
		if seen[text] {
			continue
		}
		seen[text] = true
		fields, err := csv.NewReader(strings.NewReader(text)).Read()
		if err != nil {
			enc.Encode(map[string]any{"text": text, "error": err.Error()})
		} else {
			enc.Encode(map[string]any{"text": text, "fields": fields})
		}
	}
}

func main() {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	if len(os.Args) > 1 && os.Args[1] == "csv" {
		recordCSV(enc)
		return
	}
	seen := map[string]bool{}
	record := func(args []string) {
		key := strings.Join(args, "\x00\x01")
		if seen[key] {
			return
		}
		seen[key] = true
		stdout, stderr, code := run(args)
		if len(stdout) > 1500 && len(seen) > len(lines) {
			return
		}
		enc.Encode(map[string]any{"args": args, "stdout": stdout, "stderr": stderr, "exit": code})
	}
	for _, line := range lines {
		record(strings.Fields(line))
	}
	heads := [][]string{{"get", "things"}, {"get", "things"}, {"get", "things"}, {"build"}, {"get"}, {"most"}, {}}
	for _, word := range pool {
		record([]string{"get", "things", word})
		record([]string{"get", "things", word, "next"})
		record([]string{word, "get", "things"})
	}
	random := rand.New(rand.NewSource(1))
	for i := 0; i < 2000; i++ {
		args := append([]string{}, heads[random.Intn(len(heads))]...)
		for n := 1 + random.Intn(4); n > 0; n-- {
			args = append(args, pool[random.Intn(len(pool))])
		}
		record(args)
	}
}

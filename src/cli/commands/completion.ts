import type { Command, Help, Option } from "commander";
import { takesAttachedValue } from "../flags/grant-options.ts";

/** The shells there is a completion script for. */
export type Shell = "bash" | "zsh" | "fish";

/** What can follow: files of some sort, names that the shell knows, one of some words, or something that cannot be guessed. */
interface Completed {
  readonly kind: "files" | "folders" | "components" | "variables" | "programs" | "words" | "free";
  readonly words: readonly string[];
}

interface CompletedFlag {
  /** As it is typed, dashes included: the long form and, where there is one, the short. */
  readonly spellings: readonly string[];
  readonly description: string;
  /** What it takes; `undefined` for a switch. */
  readonly value: Completed | undefined;
  /** Whether the value can be left out and has to follow an equals sign. */
  readonly attached: boolean;
}

interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly CompletedFlag[];
  /** What its arguments are; `undefined` for a command without any. */
  readonly rest: Completed | undefined;
  /** Whether no flags are taken from the second argument on, which is an export of the first. */
  readonly endsFlags: boolean;
}

/** A completion script for the commands and flags that `program` declares. */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](commandsOf(program));
}

/** What flags take where their placeholders do not tell. */
const VALUES: Readonly<Record<string, Completed>> = {
  "--dir": { kind: "folders", words: [] },
  "--random": words(["none", "pseudo", "full"]),
  "--inherit-env": { kind: "variables", words: [] },
  "--allow-process": { kind: "programs", words: [] },
  "--allow-network": words(["localhost"]),
  "--allow-net": words(["localhost", "loopback", "public", "any"]),
  "--deny-net": words(["localhost", "loopback", "public", "any"]),
};

/** Quantities to begin with. */
const QUANTITY_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  AMOUNT: ["1G", "100G", "2T"],
  DURATION: ["500ms", "5s", "30s", "2m"],
  RATE: ["1MiB/s", "16MiB/s"],
  SHARE: ["25%", "50%", "100%"],
  SIZE: ["1MiB", "16MiB", "128MiB", "1GiB"],
};

const SCRIPTS: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

function commandsOf(program: Command): readonly CompletedCommand[] {
  const helper = program.createHelp();
  return helper.visibleCommands(program).map((command) => ({
    name: command.name(),
    description: command.description(),
    flags: flagsOf(command, helper),
    rest: restOf(command, program),
    endsFlags: command.registeredArguments.some(({ variadic }) => variadic),
  }));
}

function flagOf(option: Option): CompletedFlag {
  const placeholder = /<([^>]+)>/.exec(option.flags)?.[1];
  const own = VALUES[option.long ?? ""];
  return {
    spellings: [option.long, option.short].filter((one) => one !== undefined),
    description: option.description,
    value: placeholder === undefined ? undefined : (own ?? valueOf(placeholder, option.argChoices)),
    attached: takesAttachedValue(option.long ?? ""),
  };
}

/** The flags of a command, and of the commands below it. */
function flagsOf(command: Command, helper: Help): readonly CompletedFlag[] {
  const options = [command, ...helper.visibleCommands(command)].flatMap((one) => helper.visibleOptions(one));
  const byName = new Map(options.map((option) => [option.flags, flagOf(option)]));
  return [...byName.values()];
}

function restOf(command: Command, program: Command): Completed | undefined {
  if (command.commands.length > 0) return words(command.commands.map((one) => one.name()));
  const [first] = command.registeredArguments;
  if (first === undefined) return undefined;
  if (first.name() === "command") return { kind: "words", words: program.commands.map((command) => command.name()) };
  return valueOf(first.name(), first.argChoices);
}

function valueOf(placeholder: string, choices: readonly string[] | undefined): Completed {
  if (choices !== undefined) return words(choices);
  const examples = QUANTITY_EXAMPLES[placeholder];
  if (examples !== undefined) return words(examples);
  // As an argument it is a component; as the value of a flag, which is in capitals, any file.
  if (placeholder === "file") return { kind: "components", words: [] };
  return { kind: /^(?:FILE|PATH)$/.test(placeholder) ? "files" : "free", words: [] };
}

function bashScript(commands: readonly CompletedCommand[]): string {
  const values = commands.flatMap(({ name, flags }) =>
    flags.flatMap((flag) => {
      if (flag.value === undefined) return [];
      const patterns = flag.spellings.flatMap((one) => [
        `${name}:${one}=`,
        ...(flag.attached ? [] : [`${name}:${one}`]),
      ]);
      return [`    ${patterns.join("|")}) ${bashReply(flag.value)}; return ;;`];
    }),
  );
  const valued = commands.flatMap(({ name, flags }) =>
    flags
      .filter(({ value, attached }) => value !== undefined && !attached)
      .flatMap(({ spellings }) => spellings.map((one) => `${name}:${one}`)),
  );
  const ending = commands
    .filter(({ endsFlags }) => endsFlags)
    .map(({ name }) => `    ${name}:-*) ((place < 2)) || return ;;`);
  const flagWords = commands.map(
    ({ name, flags }) => `    ${name}:-*) ${bashReply(words(flags.flatMap(({ spellings }) => spellings)))} ;;`,
  );
  const arguments_ = commands.flatMap(({ name, rest }) =>
    rest === undefined ? [] : [`    ${name}:*) ${bashReply(rest)} ;;`],
  );
  const exports_ = commands
    .filter(({ endsFlags }) => endsFlags)
    .map(({ name }) => `    ${name}:1) [[ $cur == -* ]] || { _cordon_exports "$file"; return; } ;;`);
  const names = commands.map(({ name }) => name);
  return `# Completion for bash. To load it: source <(cordon completion bash)
# The names are whoever's made the component: they are compared, and never expanded.
_cordon_exports() {
  local name file=\${1//\\\\/}
  [[ $file == "~/"* ]] && file=$HOME/\${file:2}
  [[ -f $file ]] || return
  while read -r name; do
    if [[ $name == "$cur"* ]]; then COMPREPLY+=("$name"); fi
  done < <(cordon complete -- "$file" 2>/dev/null)
}
_cordon() {
  local cur=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD-1]} command= word value= file= place=0 IFS=$'\\n'
  COMPREPLY=()
  # Bash makes a word of its own of the equals sign between a flag and its value.
  if [[ $cur == = ]]; then cur=; flag+==
  elif [[ $flag == = ]]; then flag=\${COMP_WORDS[COMP_CWORD-2]}=
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ -z $command ]]; then
      case "$word" in ${names.join("|")}) command=$word ;; esac
      continue
    fi
    case "$word" in
      =) value=1 ;;
      --) place=2 ;;
      -*) value=; case "$command:$word" in ${valued.join("|")}) value=1 ;; esac ;;
      *) if [[ -n $value ]]; then value=; else place=$((place + 1)); ((place == 1)) && file=$word; fi ;;
    esac
  done
  case "$command:$cur" in
${ending.join("\n")}
  esac
  case "$command:$flag" in
${values.join("\n")}
  esac
  case "$command:$place" in
${exports_.join("\n")}
  esac
  case "$command:$cur" in
${flagWords.join("\n")}
${arguments_.join("\n")}
    :*) ${bashReply(words([...names, "--help", "--version"]))} ;;
  esac
}
complete -F _cordon cordon
`;
}

function words(list: readonly string[]): Completed {
  return { kind: "words", words: list };
}

const BASH_FILES = "compopt -o filenames 2>/dev/null; ";

const BASH_ACTIONS: Readonly<Partial<Record<Completed["kind"], string>>> = {
  files: `${BASH_FILES}COMPREPLY=($(compgen -f -- "$cur"))`,
  folders: `${BASH_FILES}COMPREPLY=($(compgen -d -- "$cur"))`,
  components: `${BASH_FILES}COMPREPLY=($(compgen -f -X '!*.wasm' -- "$cur"; compgen -d -- "$cur"))`,
  variables: 'COMPREPLY=($(compgen -e -- "$cur"))',
  programs: 'COMPREPLY=($(compgen -c -- "$cur" | sort -u))',
};

function bashReply({ kind, words: list }: Completed): string {
  if (kind === "free") return ":";
  const action = BASH_ACTIONS[kind];
  if (action !== undefined) return action;
  return `COMPREPLY=($(compgen -W $'${list.join("\\n")}' -- "$cur"))`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, flags, rest, endsFlags }) => {
    const specs = flags.flatMap((flag) => flag.spellings.map((spelling) => zshFlag(flag, spelling)));
    const last = rest === undefined ? [] : zshArguments(name, rest, endsFlags);
    return `    ${name}) _arguments -S ${[...specs, ...last].join(" \\\n      ")} ;;`;
  });
  const names = commands.map(({ name, description }) => quoted(`${name.replaceAll(":", "\\:")}:${description}`));
  return `#compdef cordon
# Completion for zsh. To load it: source <(cordon completion zsh), after compinit
_cordon_exports() {
  local -a names=("\${(@f)$(cordon complete -- "\${(Q)line[1]}" 2>/dev/null)}")
  compadd -a names
}
_cordon() {
  local -a commands=(${names.join(" ")}) line
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  shift words; (( CURRENT-- ))
  case $words[1] in
${cases.join("\n")}
  esac
}
compdef _cordon cordon
`;
}

/** `(-)`: no flags from there on. */
function zshArguments(name: string, rest: Completed, endsFlags: boolean): readonly string[] {
  const argument = (position: string): string => `'${position}:${name} argument:${zshAction(rest)}'`;
  return endsFlags ? [argument("1"), `'(-)2:export:_cordon_exports'`, `'*:argument: '`] : [argument("*")];
}

function zshFlag({ description, value, attached }: CompletedFlag, spelling: string): string {
  const text = description.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  if (value === undefined) return quoted(`${spelling}[${text}]`);
  // Repeatable; "=-" has the value follow the equals sign, "=" lets it be a word of its own as well.
  const assignment = attached ? "=-" : "=";
  const message = attached ? "::value:" : ":value:";
  return quoted(`*${spelling}${assignment}[${text}]${message}${zshAction(value)}`);
}

const ZSH_ACTIONS: Readonly<Partial<Record<Completed["kind"], string>>> = {
  free: " ",
  files: "_files",
  folders: "_files -/",
  components: '_files -g "*.wasm(-.)"',
  variables: '_parameters -g "*export*"',
  programs: "_command_names -e",
};

function zshAction({ kind, words: list }: Completed): string {
  return ZSH_ACTIONS[kind] ?? `(${list.map((word) => word.replaceAll(":", String.raw`\:`)).join(" ")})`;
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, description, flags, rest, endsFlags }) => {
    const when = `complete -c cordon -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    const flagLines = flags.map((flag) => `${when} ${fishFlag(flag)}`);
    const restLine = rest === undefined || rest.kind === "free" ? [] : [`${when} ${fishValue(rest)}`];
    return [
      `complete -c cordon -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
      ...flagLines,
      ...restLine,
      ...(endsFlags ? [`${when} -f -a '(__cordon_exports)'`] : []),
    ];
  });
  return `# Completion for fish. To load it: cordon completion fish | source
function __cordon_exports
  for word in (commandline -opc)[3..]
    if string match -q -- '*.wasm' $word; and test -f $word
      cordon complete -- $word 2>/dev/null
      return
    end
  end
end
complete -c cordon -f
${lines.join("\n")}
`;
}

function fishFlag({ spellings, description, value, attached }: CompletedFlag): string {
  const names = spellings.map((one) => (one.startsWith("--") ? `-l ${one.slice(2)}` : `-s ${one.slice(1)}`));
  const taken = value === undefined ? [] : [attached ? fishValue(value) : `-r ${fishValue(value)}`];
  return [...names, ...taken, `-d ${quoted(description)}`].join(" ");
}

const FISH_ACTIONS: Readonly<Partial<Record<Completed["kind"], string>>> = {
  free: "-f",
  files: "-F",
  folders: '-f -a "(__fish_complete_directories)"',
  components: '-f -a "(__fish_complete_suffix .wasm)"',
  variables: '-f -a "(set -xn)"',
  programs: '-f -a "(__fish_complete_command)"',
};

function fishValue({ kind, words: list }: Completed): string {
  return FISH_ACTIONS[kind] ?? `-f -a ${quoted(list.join(" "))}`;
}

/** In single quotes, for the shells and their descriptions: ours have neither quotes nor backslashes but apostrophes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "’")}'`;
}

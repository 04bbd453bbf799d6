/**
 * Whether a question is asked: the language of studies/tasks/conditions.py, which says its grammar and its rules.
 * The server decides what is stored; this decides what is seen. Both are held to one table of cases.
 */

const TOKEN =
  /\s*(?:(?<number>-?\d{1,15}(?:\.\d{1,15})?)(?![\w.])|(?<text>'[^'\\]*'|"[^"\\]*")|(?<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)|(?<mark>==|!=|<=|>=|<|>|\(|\)|\[|\]|,))/y;
const NUMERIC = /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/;
const WORDS = new Set(["and", "or", "not", "in", "none"]);
const SIGNS = new Set(["==", "!=", "<", "<=", ">", ">=", "in"]);
const LONGEST = 500;
const DEEPEST = 20;

/** @typedef {{kind: string, text: string}} Token */
/** @typedef {Record<string, unknown>} Answers */
/** @typedef {(answers: Answers) => unknown} Meaning */

export class WrongCondition extends Error {}

/** @type {Map<string, Meaning>} */
const known = new Map();

/**
 * @param {string} text @param {Answers} answers by question, and by step.question for earlier steps
 * @returns {boolean} an empty text always holds
 */
export function holds(text, answers) {
  if (!known.has(text)) {
    known.set(text, parsed(text));
  }
  return isTrue(/** @type {Meaning} */ (known.get(text))(answers));
}

/** @param {string} text @returns {Meaning} */
function parsed(text) {
  if (text.trim() === "") {
    return () => true;
  }
  if ([...text].length > LONGEST) {
    throw new WrongCondition(text);
  }
  const parser = new Parser(tokens(text));
  const meaning = parser.expression(0);
  if (parser.tokens.length > 0) {
    throw new WrongCondition(text);
  }
  return meaning;
}

/** @param {string} text @returns {Token[]} */
function tokens(text) {
  const found = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const groups = TOKEN.exec(text)?.groups;
    const kind = groups && Object.keys(groups).find((name) => groups[name] !== undefined);
    if (!groups || !kind) {
      throw new WrongCondition(text);
    }
    found.push({ kind: kind === "name" && WORDS.has(groups.name) ? "word" : kind, text: groups[kind] });
  }
  return found;
}

class Parser {
  /** @param {Token[]} all */
  constructor(all) {
    this.tokens = all;
  }

  /** @param {number} depth @returns {Meaning} */
  expression(depth) {
    return this.joined("or", (level) => this.either(level), depth, (sides) => sides.some(Boolean));
  }

  /** @param {number} depth @returns {Meaning} */
  either(depth) {
    return this.joined("and", (level) => this.negation(level), depth, (sides) => sides.every(Boolean));
  }

  /**
   * @param {string} word @param {(depth: number) => Meaning} part @param {number} depth
   * @param {(sides: boolean[]) => boolean} decide @returns {Meaning}
   */
  joined(word, part, depth, decide) {
    const parts = [part(depth)];
    while (this.take(word)) {
      parts.push(part(depth));
    }
    return parts.length === 1 ? parts[0] : (answers) => decide(parts.map((each) => isTrue(each(answers))));
  }

  /** @param {number} depth @returns {Meaning} */
  negation(depth) {
    if (!this.take("not")) {
      return this.comparison(depth);
    }
    const inner = this.negation(deeper(depth));
    return (answers) => !isTrue(inner(answers));
  }

  /** @param {number} depth @returns {Meaning} */
  comparison(depth) {
    const left = this.operand(depth);
    const sign = this.sign();
    if (sign === null) {
      return left;
    }
    const right = this.operand(depth);
    return (answers) => compare(sign, left(answers), right(answers));
  }

  /** @returns {string | null} */
  sign() {
    const [first, second] = this.tokens;
    if (first?.text === "not" && first.kind === "word" && second?.text === "in" && second.kind === "word") {
      this.tokens.splice(0, 2);
      return "not in";
    }
    if (first && (first.kind === "mark" || first.kind === "word") && SIGNS.has(first.text)) {
      this.tokens.shift();
      return first.text;
    }
    return null;
  }

  /** @param {number} depth @returns {Meaning} */
  operand(depth) {
    const token = this.tokens.shift();
    switch (token?.kind) {
      case "number":
        return () => Number(token.text);
      case "text":
        return () => token.text.slice(1, -1);
      case "name":
        return (answers) => (Object.hasOwn(answers, token.text) ? answers[token.text] : null);
    }
    if (token?.text === "none") {
      return () => null;
    }
    if (token?.text === "(") {
      const inner = this.expression(deeper(depth));
      this.close(")");
      return inner;
    }
    if (token?.text === "[") {
      return this.list(deeper(depth));
    }
    throw new WrongCondition(token?.text ?? "");
  }

  /** @param {number} depth @returns {Meaning} */
  list(depth) {
    const items = [this.operand(depth)];
    while (this.take(",")) {
      items.push(this.operand(depth));
    }
    this.close("]");
    return (answers) => items.map((item) => item(answers));
  }

  /** @param {string} text */
  take(text) {
    const [first] = this.tokens;
    if (first && (first.kind === "mark" || first.kind === "word") && first.text === text) {
      this.tokens.shift();
      return true;
    }
    return false;
  }

  /** @param {string} text */
  close(text) {
    if (!this.take(text)) {
      throw new WrongCondition(text);
    }
  }
}

/** @param {number} depth */
function deeper(depth) {
  if (depth >= DEEPEST) {
    throw new WrongCondition("nested too deeply");
  }
  return depth + 1;
}

/** @param {string} sign @param {unknown} left @param {unknown} right @returns {boolean} */
function compare(sign, left, right) {
  if (sign === "in" || sign === "not in") {
    const held = Array.isArray(right) && right.some((item) => equal(left, item));
    return held === (sign === "in");
  }
  if (sign === "==" || sign === "!=") {
    return equal(left, right) === (sign === "==");
  }
  const [first, second] = [plain(left), plain(right)];
  if (typeof first !== "number" || typeof second !== "number") {
    return false;
  }
  switch (sign) {
    case "<":
      return first < second;
    case "<=":
      return first <= second;
    case ">":
      return first > second;
    default:
      return first >= second;
  }
}

/** @param {unknown} left @param {unknown} right @returns {boolean} */
function equal(left, right) {
  const [first, second] = [plain(left), plain(right)];
  if (Array.isArray(first) && Array.isArray(second)) {
    return first.length === second.length && first.every((item, place) => equal(item, second[place]));
  }
  return first === second;
}

/** Numbers written as text are numbers; nothing is null. @param {unknown} value @returns {unknown} */
function plain(value) {
  if (typeof value === "string" && NUMERIC.test(value)) {
    return Number(value);
  }
  return value ?? null;
}

/** @param {unknown} value @returns {boolean} */
function isTrue(value) {
  const known = plain(value);
  return Array.isArray(known) ? known.length > 0 : Boolean(known);
}

/**
 * The tree of a page: what of the DOM Standard is used here, and how HTML becomes such a tree.
 * @module
 */
import { parseHTML } from "linkedom";

/** A node. */
export interface TreeNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly parentNode: Element | null;
  readonly previousSibling: TreeNode | null;
  readonly nextSibling: TreeNode | null;
  textContent: string;
}

/** An element. */
export interface Element extends TreeNode {
  readonly tagName: string;
  readonly parentElement: Element | null;
  readonly firstElementChild: Element | null;
  readonly nextElementSibling: Element | null;
  readonly previousElementSibling: Element | null;
  readonly childNodes: ArrayLike<TreeNode> & Iterable<TreeNode>;
  readonly children: ArrayLike<Element> & Iterable<Element>;
  readonly innerHTML: string;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  hasAttribute(name: string): boolean;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
  closest(selector: string): Element | null;
  matches(selector: string): boolean;
  contains(node: TreeNode): boolean;
  remove(): void;
  replaceWith(...nodes: (TreeNode | string)[]): void;
  append(...nodes: (TreeNode | string)[]): void;
  prepend(...nodes: (TreeNode | string)[]): void;
  before(...nodes: (TreeNode | string)[]): void;
  cloneNode(deep: boolean): Element;
}

/** A document. */
export interface Document {
  readonly documentElement: Element;
  createElement(name: string): Element;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
  cloneNode(deep: boolean): Document;
}

/** A page as a tree. What stands without `<html>` or `<body>` is put into them. */
export function parseDocument(html: string): Document {
  const whole = /<html[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`;
  // The library's own types want those of a browser, which a server does not have.
  return (parseHTML(whole) as unknown as { document: Document }).document;
}

/** Every element that matches, as a list that does not change with the tree. */
export function all(within: Pick<Element, "querySelectorAll">, selector: string): Element[] {
  return [...within.querySelectorAll(selector)];
}

/** Text without its white space at the ends and with single spaces inside. */
export function textOf(node: TreeNode | null | undefined): string {
  return (node?.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** Puts the contents of an element in its place. */
export function unwrap(element: Element): void {
  element.replaceWith(...element.childNodes);
}

/** Something that one policy allows and another does not. */
export interface Gain {
  /** What it is, in words. */
  readonly text: string;
  /** Whether it is a denial that is gone, and not a permission that has come. */
  readonly denied?: boolean;
  /** Whether it only cannot be ruled out. */
  readonly undecided?: boolean;
}

/** How well a publisher is known, from least to most. Signatures of `unverified` ones count for nothing. */
export const PUBLISHER_LEVELS = ["unverified", "community", "verified", "official"] as const;

/** One of {@link PUBLISHER_LEVELS}. */
export type PublisherLevel = (typeof PUBLISHER_LEVELS)[number];

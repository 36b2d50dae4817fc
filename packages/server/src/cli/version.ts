/** Version shown by `gait --version` and in findings. */
export const VERSION = '0.1.0';

